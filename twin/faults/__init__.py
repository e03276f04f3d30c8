"""What can be wrong with a delivery: named faults, planted into a month that the twin has written."""

from twin.faults.planting import choose_faults, plant_faults
from twin.faults.registry import FAULTS, Fault

__all__ = ["FAULTS", "Fault", "choose_faults", "plant_faults"]
