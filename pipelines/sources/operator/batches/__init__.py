"""Rows on their way to one raw Parquet file a table: typed, counted, spooled."""
