"""How bytes survive: files whole or not at all, and a month as a folder of versions."""
