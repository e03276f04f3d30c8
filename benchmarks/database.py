"""Memory of taking in one large table, from a file and from PostgreSQL, at two sizes in one run.

Rows, the file's megabytes and the peak memory of the process that runs the first two rooms: what is read in batches
does not grow with the rows.

    python -m benchmarks.database [ROWS …]
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import sqlalchemy as sa
import yaml

from tests.support.postgres import Cluster, open_cluster

SIZES = (1_000_000, 3_000_000)
MONTH = "2026-08"

_USAGE = """
SELECT 'S' || lpad(i::VARCHAR, 9, '0') AS service_id, i % 90 AS voice_calls, (i % 9000) / 10.0 AS voice_minutes,
    i % 7 AS sms_count, (i % 50000)::BIGINT AS data_mb FROM range({rows}) AS t(i)
"""
_SERVICE = (
    "SELECT service_id, 'C' AS customer_id, 'mobile' AS service_type, 'active' AS status, "
    "DATE '2020-01-01' AS activated_on"
)
_SMALL = {
    "customer": "SELECT 'C' AS customer_id, 'individual' AS customer_type",
    "bill": "SELECT 'B1' AS bill_id, 'S000000001' AS service_id, 'C' AS customer_id, '2026-08' AS bill_month, "
    "1.00 AS billed_amount, DATE '2026-09-15' AS due_on",
}


def write_month(folder: Path, rows: int) -> float:
    """Write the month as Parquet; return the megabytes of its two large tables."""
    folder.mkdir(parents=True)
    large = {
        "usage": _USAGE.format(rows=rows),
        "service": f"{_SERVICE} FROM ({_USAGE.format(rows=rows)})",
    }
    for name, sql in (large | _SMALL).items():
        duckdb.sql(
            f"COPY ({sql}) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )
    return sum((folder / f"{name}.parquet").stat().st_size for name in large) / 1e6


def load_month(folder: Path, cluster: Cluster) -> None:
    """Load the month into PostgreSQL through COPY."""
    engine = sa.create_engine(cluster.url)
    for path in sorted(folder.glob("*.parquet")):
        frame = duckdb.sql(f"SELECT * FROM '{path}'")
        columns = ", ".join(f'"{name}" TEXT' for name in frame.columns)
        csv = path.with_suffix(".csv.load")
        frame.write_csv(str(csv), header=False)
        with engine.begin() as connection, csv.open("rb") as stream:
            connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{path.stem}"')
            connection.exec_driver_sql(f'CREATE TABLE "{path.stem}" ({columns})')
            cursor = connection.connection.cursor()
            with cursor.copy(f'COPY "{path.stem}" FROM STDIN (FORMAT csv)') as copy:
                while block := stream.read(1 << 20):
                    copy.write(block)
        csv.unlink()
    engine.dispose()


def peak_of(source: str, home: Path) -> float:
    """Peak gigabytes of a process of its own that runs the first two rooms."""
    program = (
        "import resource, sys; from pathlib import Path; from pipelines.core.month import Month; "
        "from pipelines.jobs.run import Job, run_room\n"
        f"job = Job(Path({str(home)!r}), Month.parse('{MONTH}'), {source!r})\n"
        "run_room(job, 'extract'); run_room(job, 'snapshot')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return int(done.stdout.split()[-1]) / 1e6


def measure(rows: int, cluster: Cluster) -> None:
    """Print one line for a size."""
    with tempfile.TemporaryDirectory(prefix="retention-bench-") as work:
        folder = Path(work) / "source" / MONTH
        megabytes = write_month(folder, rows)
        load_month(folder, cluster)
        queries = {
            p.stem: f'SELECT * FROM "{p.stem}"' for p in folder.glob("*.parquet")
        }
        described = Path(work) / "database.yml"
        described.write_text(
            yaml.safe_dump({"url_env": "OPERATOR_URL", "tables": queries})
        )
        from_file = peak_of(str(folder.parent), Path(work) / "files")
        from_database = peak_of(str(described), Path(work) / "database")
    print(
        f"{rows:>10,} rows twice: {megabytes:.0f} MB of Parquet · peak {from_file:.2f} GB from files · "
        f"{from_database:.2f} GB from PostgreSQL",
        flush=True,
    )


def main() -> None:
    """Measure every size asked for."""
    with open_cluster() as cluster:
        os.environ["OPERATOR_URL"] = cluster.url
        for rows in [int(word) for word in sys.argv[1:]] or SIZES:
            measure(rows, cluster)
    print(
        f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB"
    )


if __name__ == "__main__":
    main()
