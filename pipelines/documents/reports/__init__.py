"""The month's documents: one paper of sections, tables and charts.

It is written as .docx, PDF and HTML, with its annex.
"""
