"""One month against the limit of merely decoding it, room by room, and against what others do."""
