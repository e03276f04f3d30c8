"""The steps that brought the tables to what `models.py` says."""
