"""What can go wrong with the machine: death at any step, a full disk, two runs, a file that changes."""
