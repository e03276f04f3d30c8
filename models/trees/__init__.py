"""Fitted trees: what they ask, the log-odds they add up to, and the reasons in them."""
