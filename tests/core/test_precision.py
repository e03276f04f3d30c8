"""A decimal of any table goes through the code without losing a digit."""

from __future__ import annotations

from decimal import Decimal
from threading import Thread

from pipelines.rooms.report.figures import quantize_number
from pipelines.text.units import format_figure, write_plain_cell

LARGEST = Decimal("99999999999999999999999999.123456789012")  # a DECIMAL(38,12)


def test_the_largest_figure_keeps_every_digit() -> None:
    assert quantize_number(LARGEST) == LARGEST
    assert write_plain_cell(LARGEST) == str(LARGEST)
    assert format_figure(LARGEST, "amount").endswith("999,999.12")
    assert LARGEST * 100 == Decimal("9999999999999999999999999912.3456789012")


def test_a_thread_that_begins_later_keeps_them_too() -> None:
    sums: list[Decimal] = []
    thread = Thread(target=lambda: sums.append(LARGEST + LARGEST))
    thread.start()
    thread.join()
    assert sums == [Decimal("199999999999999999999999998.246913578024")]
