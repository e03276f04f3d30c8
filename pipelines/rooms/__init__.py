"""The nine rooms, each a module or a package with run(context), and the context they are given."""
