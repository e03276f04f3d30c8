"""Deliveries before they are months: forms, mappings, checks, and the pages about them."""
