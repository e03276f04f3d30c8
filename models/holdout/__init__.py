"""What a hold-out teaches: the effect of a contact, by when it can be read, and what that costs."""
