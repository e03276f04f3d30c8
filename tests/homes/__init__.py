"""Homes of yesterday: made by the program as it was, read and continued by the program as it is."""
