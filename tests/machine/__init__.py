"""Months lived in any order, against what must hold whatever happens."""
