"""What became of orders, one order after the other in plain Python, from the definitions alone."""
