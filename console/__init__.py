"""The office database: sealed orders, the outcomes that came back, marks, the audit log.

Written here alone; the pipeline reads it through SQLAlchemy (`pipelines/sources/office/answers.py`)
like any source.
"""
