"""A manager's work: the queue, one order, its answer, and the same as a workbook."""
