"""Spreadsheets: work lists, the books of a branch and the company, plans, rows to send back."""
