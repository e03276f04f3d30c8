"""Months whose tables stand in parts."""
