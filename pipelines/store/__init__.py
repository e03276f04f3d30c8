"""How bytes survive: files that are there whole or not at all, and a month as a folder of versions."""
