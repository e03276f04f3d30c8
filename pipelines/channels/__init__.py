"""What leaves the house: workbooks, and later documents and messages."""
