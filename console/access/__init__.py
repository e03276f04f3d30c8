"""Who may see what: roles, the scope of each account, the gate before every page, the record."""
