"""What a twin wrote, read as a stranger would."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04")
IN_NET = ("active", "suspended_arrears", "suspended_request")


class Source:
    """Read a twin's folders as a stranger would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, month: str, table: str) -> pd.DataFrame:
        """Give one table, its amounts as whole fen."""
        path = self.folder / month / f"{table}.parquet"
        frame: pd.DataFrame = pq.read_table(path).to_pandas()
        for name in frame.columns[frame.columns.str.endswith("amount")]:
            frame[name] = [
                0 if value is None else int(value * 100) for value in frame[name]
            ]
        return frame

    def truth(self, month: str, kpi: str, variant: str) -> tuple[float, float]:
        """Give numerator and denominator of one true KPI."""
        frame = pq.read_table(self.folder / "truth" / "kpi.parquet").to_pandas()
        row = frame[
            (frame.month == month) & (frame.kpi == kpi) & (frame.variant == variant)
        ].iloc[0]
        return float(row.numerator), float(row.denominator)

    def net(self, month: str) -> pd.DataFrame:
        """Give the services of Net(month)."""
        services = self(month, "service")
        return services[services.status.isin(IN_NET) & ~services.is_excluded]

    def revenue(self, month: str) -> pd.DataFrame:
        """Give the month's bills of lines that count, with what each is worth."""
        lines = self(month, "service")[["service_id", "is_excluded"]]
        bills = self(month, "bill").merge(lines, on="service_id")
        return bills[~bills.is_excluded].assign(
            fen=lambda rows: rows.billed_amount + rows.adjustment_amount
        )
