"""A person's deletion: where a customer is told of, what goes and what stays."""
