"""The office database, read through SQLAlchemy as any source is: answers and changes of orders."""
