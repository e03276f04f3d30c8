"""`python -m pipelines` is `retention`."""

from pipelines.cli import main

main()
