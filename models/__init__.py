"""Estimators of who will leave and who will not pay, their labels, reasons and measures.

Frames in, frames out.
"""
