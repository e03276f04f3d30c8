"""The month's figures as pages show them: read from the published tables, said in words."""
