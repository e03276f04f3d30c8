"""What an operator delivers: folders, databases, file formats, and names of its own."""
