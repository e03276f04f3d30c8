"""What tests share: tiny operators, an office, engines, servers."""
