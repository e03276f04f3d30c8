"""Measurements of the figures themselves: a second implementation, and sums."""
