"""What is asked for on a page and takes longer than a page may: done by a process of its own."""
