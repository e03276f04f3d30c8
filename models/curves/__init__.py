"""What the curves of a model are made of."""
