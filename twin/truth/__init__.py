"""Bear witness: what is true in the world, from its own arrays, never from the files."""

from twin.truth.orders import list_effects, order_truth
from twin.truth.witness import Witness

__all__ = ["Witness", "list_effects", "order_truth"]
