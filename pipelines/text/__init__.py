"""What people read: texts, figures, masks, and a month on the screen."""
