"""A head's work: the month of the branch, who has what open, and orders given to somebody else."""
