"""Make a synthetic telecom operator, month by month, in the input contract's form, with the truth beside it."""

from twin.books.tables import TABLES
from twin.config import TwinConfig
from twin.generate import generate, respond

__all__ = ["TABLES", "TwinConfig", "generate", "respond"]
