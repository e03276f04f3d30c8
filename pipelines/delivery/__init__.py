"""What of a released month is sent: to whom, over which channel, and what became of it."""
