"""The console under load: a million orders, ten thousand a manager, fifty people at once, on PostgreSQL and gunicorn.

A month of a small twin is run, released and taken in. Its sealed orders are made many by set-based SQL, with their
people, in the home's tables and in the office alike. Then `retention console` serves, and managers work: the list, an
order, an answer, the next order, the own KPIs. A bare Django view behind the same server is asked by the same people
in the same run. Told: milliseconds of each, and answers that were acknowledged and are not there.

    python -m benchmarks.console_load [--orders 1000000] [--each 10000] [--people 50] [--seconds 120] [--pause 10]
        [--workers 2] [--services 800]

Needs PostgreSQL's programs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb
import psycopg
import pyarrow as pa
import sqlalchemy as sa

from console.database import open_console
from console.orders import import_orders
from console.server import ConsoleServer
from pipelines.core.month import Month
from pipelines.core.paths import ROOT
from pipelines.core.settings import Settings, load_settings
from pipelines.jobs.run import Job, release_month, run_month
from pipelines.store.lake import MonthFolder, Version
from pipelines.store.persons.vault import read_open_rows
from tests.support.postgres import Cluster, open_cluster
from twin import generate

KEY = "the key of a measurement, nothing else"
PASSWORD = "one password for everybody"
BARE = "bare"


# -- a million orders ------------------------------------------------------------------------------


def make_home(folder: Path, services: int, settings: Settings) -> Version:
    """Run and release the month before this one of a small twin; take its orders in."""
    month = Month.parse(f"{date.today():%Y-%m}").plus(-1)
    source, home = folder / "source", folder / "home"
    generate(source, services=services, months=2, seed=1, through=str(month))
    for one in (month.plus(-1), month):
        job = Job(home, one, str(source), settings=settings)
        run_month(job)
    release_month(job)
    held = MonthFolder(home, month)
    import_orders(home, held, settings, "benchmark")
    return held.version()


MANY = """
CREATE TABLE many AS
SELECT o.* REPLACE (
    o.order_id || '-' || n AS order_id, o.customer_id || '-' || n AS customer_id,
    o.service_id || '-' || n AS service_id,
    'L' || lpad(CAST((row_number() OVER (ORDER BY n, o.order_id) - 1) // {each} AS VARCHAR), 4, '0')
        AS manager_id
) FROM sealed o CROSS JOIN range({copies}) AS copies(n)
ORDER BY n, o.order_id LIMIT {orders}
"""
MADE = {"snapshot_person": "customer_id", "snapshot_number": "service_id"}


def multiply(version: Version, orders: int, each: int, office: str) -> int:
    """Make the sealed orders many, and their people with them; return how many there are."""
    for path in (version.path, *version.path.iterdir()):
        path.chmod(0o700)
    with duckdb.connect() as engine:
        table = version.table("dispatch_order")
        engine.execute(f"CREATE TABLE sealed AS FROM '{table}' WHERE arm = 'treated'")
        sealed = _count(engine, "sealed")
        copies = orders // sealed + 1
        engine.execute(MANY.format(each=each, copies=copies, orders=orders))
        engine.execute(f"COPY many TO '{table}' (FORMAT parquet)")
        for name, key in MADE.items():
            if version.is_computed(name):
                path = version.table(name)
                # The many stand as people did before names were sealed: none has a key.
                people = pa.Table.from_pylist(read_open_rows(version, name))
                engine.register("people", people)
                engine.execute(f"CREATE TABLE {name} AS FROM people t")
                select = (
                    f"SELECT t.* REPLACE (t.{key} || '-' || n AS {key}) FROM {name} t, "
                    f"range({copies}) AS copies(n) WHERE {key} IN (SELECT {key} FROM sealed)"
                )
                engine.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
        _multiply_kpis(engine, version, orders // each)
        rows = version.path.parent / "many.csv"
        engine.execute(
            f"COPY (SELECT {_COLUMNS}, '{version.month}' FROM many) TO '{rows}' (HEADER false)"
        )
        count = _count(engine, "many")
    _copy_into(office, rows)
    rows.unlink()
    return count


def _count(engine: duckdb.DuckDBPyConnection, table: str) -> int:
    found = engine.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
    assert found is not None
    return int(found[0])


def _multiply_kpis(
    engine: duckdb.DuckDBPyConnection, version: Version, managers: int
) -> None:
    """Give the new managers the KPIs of one that is there."""
    path = version.table("kpi_monthly")
    engine.execute(f"CREATE TABLE kpis AS FROM '{path}'")
    engine.execute(
        f"""COPY (FROM kpis UNION ALL
        SELECT k.* REPLACE ('L' || lpad(CAST(n AS VARCHAR), 4, '0') AS scope_id)
        FROM kpis k, range({managers}) AS copies(n) WHERE scope_kind = 'manager' AND scope_id = (
            SELECT min(scope_id) FROM kpis WHERE scope_kind = 'manager' AND scope_id <> 'unclaimed'
        )) TO '{path}' (FORMAT parquet)"""
    )


_COLUMNS = (
    "order_id, list, purpose, customer_id, service_id, branch_id, manager_id, amount, "
    "dispatched_on, due_on, rank"
)
ANSWERED = """
WITH made AS (INSERT INTO console_intake
    (file, sha256, received_at, actor, accepted, unchanged, refused, unfilled)
    VALUES ('benchmark', '', now(), 'benchmark', 0, 0, 0, 0) RETURNING id)
INSERT INTO console_answer (order_id, intake_id, line, outcome, contacted_on, note, digest)
SELECT order_id, made.id, 0, CASE WHEN random() < 0.5 THEN 'no_answer' ELSE 'do_not_contact' END,
    dispatched_on, '', 'benchmark'
FROM console_order, made WHERE random() < 0.3
"""


def _copy_into(office: str, rows: Path) -> None:
    """Copy the orders into the office in place of the sealed ones; answer three of ten."""
    url = sa.make_url(office).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        connection.execute("DELETE FROM console_orderstate")
        connection.execute("DELETE FROM console_order")
        with (
            rows.open("rb") as stream,
            connection.cursor() as cursor,
            cursor.copy(
                f"COPY console_order ({_COLUMNS}, month) FROM STDIN (FORMAT csv)"
            ) as copy,
        ):
            while block := stream.read(1 << 20):
                copy.write(block)
        connection.execute(ANSWERED)
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


# -- servers ---------------------------------------------------------------------------------------


class BareServer(ConsoleServer):
    """The same gunicorn around one view that says ok."""

    def load(self) -> Any:
        """Return a Django with nothing in it."""
        from django.conf import settings
        from django.core.wsgi import get_wsgi_application
        from django.http import HttpResponse
        from django.urls import path

        view = path("", lambda request: HttpResponse("ok"))
        module = type(sys)("bare_urls")
        module.urlpatterns = [view]  # type: ignore[attr-defined]
        sys.modules["bare_urls"] = module
        settings.configure(
            ROOT_URLCONF="bare_urls", ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY=KEY
        )
        return get_wsgi_application()

    def load_config(self) -> None:
        """Say how to serve: as the console, without what settles its answers."""
        super().load_config()
        self.cfg.set("post_worker_init", lambda worker: None)
        self.cfg.set("worker_exit", lambda server, worker: None)


@contextmanager
def serve(words: list[str], **environment: str) -> Iterator[tuple[str, int]]:
    """Start a server; give its address and its process. It is asked to stop, and waited for."""
    with subprocess.Popen(
        [sys.executable, *words],
        text=True,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://([\d.:]+)", line)
        assert found, line
        try:
            yield found[1], process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


# -- people ----------------------------------------------------------------------------------------


@dataclass
class Record:
    """What people met with: milliseconds by what they asked for, orders acknowledged, what failed."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    answered: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Browser:
    """What a browser behind a proxy does: a connection a request, keeps its cookies, sends forms."""

    def __init__(self, address: str, record: Record) -> None:
        self.address = address
        self.record = record
        self.cookies: dict[str, str] = {}

    def ask(self, kind: str, path: str, form: dict[str, str] | None = None) -> str:
        """Ask, and note how long it took; return the page, or where it leads to."""
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        body = None
        if form is not None:
            body = urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        began = time.perf_counter()
        connection = http.client.HTTPConnection(self.address, timeout=600)
        connection.request("GET" if form is None else "POST", path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        took = (time.perf_counter() - began) * 1000
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        self.record.times[kind].append(took)
        if answer.status not in (200, 302):
            self.record.failures.append(f"{kind} {answer.status}")
        return answer.getheader("Location") or text


def read_hidden(page: str) -> dict[str, str]:
    """The hidden fields that an answer sends."""
    names = "csrfmiddlewaretoken|author|seen"
    return dict(re.findall(rf'name="({names})" value="([^"]*)"', page))


def log_in(address: str, name: str, record: Record) -> Browser:
    """Come in as somebody."""
    browser = Browser(address, record)
    form = read_hidden(browser.ask("log-in page", "/log-in/"))
    browser.ask("log-in", "/log-in/", form | {"username": name, "password": PASSWORD})
    return browser


def work(browser: Browser, until: float, pause: float) -> None:
    """Work the queue: list, order, answer, the next order, and now and then the own KPIs."""
    drawn = random.Random(threading.get_ident())
    today = f"{date.today():%Y-%m-%d}"

    def rest() -> None:
        time.sleep(drawn.uniform(0, 2 * pause))

    rest()
    while time.monotonic() < until:
        page = browser.ask("list", f"/queue/?page={drawn.randrange(1, 40)}")
        orders = re.findall(r'href="/orders/([^/"]+)/', page)
        rest()
        if not orders:
            browser.record.failures.append("an empty list")
            continue
        path = f"/orders/{drawn.choice(orders)}/"
        for _ in range(3):
            page = browser.ask("order", path)
            rest()
            form = read_hidden(page) | {"outcome": "no_answer", "contacted_on": today}
            form["note"] = f"{drawn.random()}"
            led_to = browser.ask("answer", path, form)
            if not led_to.startswith("/"):
                browser.record.failures.append("an answer that was not taken")
                break
            browser.record.answered.append(form["note"])
            path = led_to
            rest()
        browser.ask("KPIs", "/mine/")
        rest()


def let_people(count: int, do: Callable[[int], None]) -> None:
    """Have some people do something at once, and wait for them."""
    threads = [threading.Thread(target=do, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# -- the measurement -------------------------------------------------------------------------------


def make_managers(count: int) -> None:
    """Make an account for each of the first managers."""
    from django.contrib.auth.hashers import make_password

    from console.accounts.models import Account

    password = make_password(PASSWORD)
    for number in range(count):
        name = f"L{number:04d}"
        Account(
            name=name,
            role="manager",
            manager_id=name,
            must_change_password=False,
            password=password,
        ).save()


def find_lost(office: str, notes: list[str]) -> list[str]:
    """The answers that were acknowledged and are not in the office."""
    url = sa.make_url(office).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        rows = connection.execute("SELECT note FROM console_answer WHERE note <> ''")
        kept = {note for (note,) in rows}
    return [note for note in notes if note not in kept]


def tell(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Median, 95th of a hundred and number of each kind."""
    told = {}
    for kind, taken in times.items():
        ranked = sorted(taken)
        told[kind] = {
            "asked": len(ranked),
            "p50_ms": round(statistics.median(ranked), 1),
            "p95_ms": round(ranked[int(0.95 * (len(ranked) - 1))], 1),
            "most_ms": round(ranked[-1], 1),
        }
    return told


def read_cpu(process: int) -> float:
    """Seconds of processor that a process and those below it have used."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
        except OSError:
            continue  # it has just ended
        if process in (int(stat.parent.name), int(fields[1])):
            own, ended = fields[11:13], fields[13:15]
            ticks += sum(map(int, own + ended))
    return ticks / os.sysconf("SC_CLK_TCK")


def press(given: argparse.Namespace, home: Path, office: str, database: int) -> None:
    """Let people work, then ask the bare view, and tell."""
    record, bare = Record(), Record()
    command = ["-m", "pipelines", "console", "--home", str(home)]
    command += ["--listen", "127.0.0.1:0", "--workers", str(given.workers)]
    own_key = {"RETENTION_SECRET_KEY": KEY, "RETENTION_OFFICE_URL": office}
    with serve(command, **own_key) as (address, server):
        browsers = [log_in(address, f"L{n:04d}", record) for n in range(given.people)]
        record.times.clear()
        before = read_cpu(server) + read_cpu(database)
        until = time.monotonic() + given.seconds
        let_people(given.people, lambda n: work(browsers[n], until, given.pause))
        used = read_cpu(server) + read_cpu(database) - before
    _tell_times(record.times, used)
    lost = find_lost(office, record.answered)
    print(f"answers acknowledged {len(record.answered)}, lost {len(lost)}")
    print("failures", record.failures, flush=True)

    own = ["-m", "benchmarks.console_load", "--serve-bare", str(given.workers)]
    with serve(own) as (address, server):
        visitors = [Browser(address, bare) for _ in range(given.people)]
        before = read_cpu(server)
        until = time.monotonic() + given.seconds / 3

        def look(number: int) -> None:
            drawn = random.Random(number)
            while time.monotonic() < until:
                visitors[number].ask(BARE, "/")
                time.sleep(drawn.uniform(0, 2 * given.pause))

        let_people(given.people, look)
        used_bare = read_cpu(server) - before

    _tell_times(bare.times, used_bare)


def _tell_times(times: dict[str, list[float]], used: float) -> None:
    for kind, line in tell(times).items():
        print(f"{kind:>8}", json.dumps(line))
    asked = sum(map(len, times.values()))
    print(f"processor a request: {used / asked * 1000:.1f} ms")


def measure(given: argparse.Namespace, cluster: Cluster, folder: Path) -> None:
    """Make the office, let people work, and tell."""
    office = cluster.create("load")
    settings = load_settings(secret_key=KEY, office_url=office)
    began = time.perf_counter()
    version = make_home(folder, given.services, settings)
    open_console(folder / "home", settings)
    make_managers(given.people)
    count = multiply(version, given.orders, given.each, office)
    print(f"{count:,} orders made in {time.perf_counter() - began:.0f} s", flush=True)
    number = (cluster.folder / "data" / "postmaster.pid").read_text().split()[0]
    press(given, folder / "home", office, int(number))


def main() -> None:
    """Measure, or serve the bare view."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--each", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--pause", type=float, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--services", type=int, default=800)
    parser.add_argument("--serve-bare", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve_bare:
        BareServer(
            "127.0.0.1:0", given.serve_bare, lambda url: print(url, flush=True)
        ).run()
        return
    with (
        open_cluster() as cluster,
        tempfile.TemporaryDirectory(prefix="load-") as folder,
    ):
        measure(given, cluster, Path(folder))


if __name__ == "__main__":
    main()
