"""`python -m console import_orders MONTH`: what the release of a month does, by hand."""

from __future__ import annotations

from argparse import ArgumentParser
from getpass import getuser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from console.orders import import_orders
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.store.lake import MonthFolder


class Command(BaseCommand):
    """Import the orders of a released month; again changes nothing."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the month and the home."""
        parser.add_argument("month")
        parser.add_argument("--home", type=Path, default=Path("home"))

    def handle(self, *args: Any, month: str, home: Path, **options: Any) -> None:
        """Say how many orders are new."""
        folder = MonthFolder(home, Month.parse(month))
        self.stdout.write(str(import_orders(home, folder, load_settings(), getuser())))
