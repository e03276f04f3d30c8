"""What the office can be told to do."""
