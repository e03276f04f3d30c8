"""Pages that open offline: the summary, data quality, the review of a model, the dictionary."""
