"""What the operator writes down: the contract's tables, drawn from the world."""
