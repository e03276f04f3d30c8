"""Names and numbers apart from all tables: sealed under a key a person, which may be destroyed."""
