"""A source's months by both engines, held against each other."""
