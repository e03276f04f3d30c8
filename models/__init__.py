"""Estimators of who will leave and who will not pay, their labels, reasons and measures: frames in, frames out."""
