"""What is run: a month, a day, a restatement, a check, a training, a plan."""
