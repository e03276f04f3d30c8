"""The months worked out anew by other code: histories, sums, planted faults."""
