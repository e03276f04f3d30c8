"""What leaves the house: workbooks, documents, pages, and later messages."""
