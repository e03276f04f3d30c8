"""File formats: CSV, workbook and Parquet, each opened as a Part of text or native columns."""
