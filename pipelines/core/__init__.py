"""What every room may import; nothing here imports a room."""
