"""What is claimed about speed and memory, measured again by `make bench`."""
