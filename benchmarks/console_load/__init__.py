"""The console under load, as a program of its own: `python -m benchmarks.console_load`."""
