"""The pages of analysts: figures down to their rows, models, effects, and why of any customer."""
