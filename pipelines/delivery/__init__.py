"""Deliveries: what leaves the house of a released month, to whom, over which channel, and what became of it."""
