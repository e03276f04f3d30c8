"""Before a month is begun: every SQL file says what its room knows, and reads what is there."""
