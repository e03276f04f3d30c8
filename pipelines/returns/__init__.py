"""What comes back: filled workbooks and lists, read row by row."""
