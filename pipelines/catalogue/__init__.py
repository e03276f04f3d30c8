"""What the office knows of itself: its SQL files, tables, outputs, checks and their lineage."""
