"""Every fault of the twin planted into a month, and what the gate makes of it."""
