"""The tables of a month out of their files: by one process, or by workers, a file a task."""
