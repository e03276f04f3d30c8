"""`python -m benchmarks.faults [FAULT …]`."""

from benchmarks.faults.bench import main

if __name__ == "__main__":
    main()
