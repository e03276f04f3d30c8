"""Code that decides, changed line by line: a test must notice each change."""
