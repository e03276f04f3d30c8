"""People who come to the console, with a browser or without."""
