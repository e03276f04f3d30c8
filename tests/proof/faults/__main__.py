"""`python -m tests.proof.faults [FAULT …]`."""

from tests.proof.faults.bench import main

if __name__ == "__main__":
    main()
