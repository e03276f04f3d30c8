"""Who may come in: accounts with a role, their passwords and second factors, and the access log."""
