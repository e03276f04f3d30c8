"""A released month against corrected deliveries: it stays what it is, and the differences by cause add up exactly."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipelines.cli import app
from pipelines.core.errors import Refused
from pipelines.jobs.restate import find_changed, restate_month
from pipelines.jobs.run import release_month, run_month
from pipelines.store.lake import MonthFolder, Version
from tests.proof.sums import check_home
from tests.support.small import KEY as SECRET
from tests.support.small import (
    MONTH,
    Operator,
    Town,
    job,
    only,
    read,
    run_town,
    twin_operator,
    ungated_job,
)

KEY = ("kpi", "variant", "scope_kind", "scope_id")
MEASURES = ("numerator", "denominator", "value")


def changed(source: Path, table: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Deliver a table of the newest month again, otherwise."""
    path = only([{"path": p} for p in (source / str(MONTH)).glob(f"{table}.*")])["path"]
    rows = change(pq.read_table(path))
    pq.write_table(rows, path)


def put(rows: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return rows.set_column(
        rows.column_names.index(column),
        column,
        values.cast(rows.schema.field(column).type),
    )


def late_bills(rows: pa.Table) -> pa.Table:
    """One bill in nine comes late, with three times its amount."""
    late = pa.array([n % 9 == 0 for n in range(len(rows))])
    return put(
        rows,
        "billed_amount",
        pc.if_else(late, pc.multiply(rows["billed_amount"], 3), rows["billed_amount"]),
    )


def fewer_active(rows: pa.Table) -> pa.Table:
    """One active line in eleven was not active after all."""
    wrong = pc.and_(
        pc.equal(rows["status"], "active"),
        pa.array([n % 11 == 0 for n in range(len(rows))]),
    )
    return put(rows, "status", pc.if_else(wrong, "suspended_request", rows["status"]))


def other_owners(rows: pa.Table) -> pa.Table:
    """Every third customer was another branch's."""
    branches = sorted(set(rows["branch_id"].to_pylist()))
    moved = [
        branches[(branches.index(b) + (n % 3 == 0)) % len(branches)]
        for n, b in enumerate(rows["branch_id"].to_pylist())
    ]
    return put(rows, "branch_id", pa.array(moved))


@pytest.fixture(scope="module")
def restated(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Operator, Version, Version]:
    """The newest month of a twin, released, and restated with late bills, other owners and other statuses."""
    twin, folder = twin_operator(), tmp_path_factory.mktemp("restate")
    shutil.copytree(twin.home, folder / "home")
    shutil.copytree(twin.source, folder / "source")
    operator = Operator(folder / "source", folder / "home", twin.months)
    published = release_month(job(operator.home, operator.source))
    for table, change in (
        ("bill", late_bills),
        ("service", fewer_active),
        ("ownership", other_owners),
    ):
        changed(operator.source, table, change)
    return (
        operator,
        published,
        restate_month(ungated_job(operator.home, operator.source)),
    )


def test_the_released_version_stays(
    restated: tuple[Operator, Version, Version],
) -> None:
    operator, published, known = restated
    folder = MonthFolder(operator.home, MONTH)
    assert folder.version().number == published.number
    assert known.number == published.number + 1
    folder.recover()
    assert folder.version().number == published.number
    assert run_month(ungated_job(operator.home, None)).number == published.number
    with pytest.raises(Refused, match=r"month\.sealed_other_source"):
        run_month(ungated_job(operator.home, operator.source))


def test_the_same_input_again_is_the_same_version(
    restated: tuple[Operator, Version, Version],
) -> None:
    operator, _, known = restated
    assert restate_month(ungated_job(operator.home, operator.source)).path == known.path
    assert len(MonthFolder(operator.home, MONTH).versions()) == known.number


def test_as_known_is_what_a_month_made_of_it_says(
    restated: tuple[Operator, Version, Version], tmp_path: Path
) -> None:
    operator, _, known = restated
    shutil.copytree(operator.home, tmp_path / "home")
    shutil.rmtree(tmp_path / "home" / "months" / str(MONTH))
    afresh = run_month(ungated_job(tmp_path / "home", operator.source))
    assert read(afresh, "kpi_monthly") == read(known, "kpi_monthly")
    assert read(afresh, "dispatch_order") == read(known, "dispatch_order")


def test_the_causes_add_up(restated: tuple[Operator, Version, Version]) -> None:
    _, published, known = restated
    sums: dict[tuple[str, ...], dict[str, Decimal]] = defaultdict(
        lambda: dict.fromkeys(MEASURES, Decimal(0))
    )
    for row in read(known, "restate_cause"):
        for name in MEASURES:
            sums[tuple(row[k] for k in KEY)][name] += row[f"{name}_change"] or 0
    rows = read(known, "restate_kpi")
    for row in rows:
        for name in MEASURES:
            assert sums[tuple(row[k] for k in KEY)][name] == (
                row[f"{name}_difference"] or 0
            ), row
    assert {row["cause"] for row in read(known, "restate_cause")} == {
        "status",
        "owner",
        "bill",
    }
    said = {tuple(r[k] for k in KEY): r for r in read(published, "kpi_monthly")}
    for row in rows:
        then = said.get(tuple(row[k] for k in KEY))
        assert row["status_published"] == (then and then["status"])
        if then and then["numerator"] is not None:
            assert row["numerator_published"] == then["numerator"]


def failing(home: Path, operator: Operator) -> tuple[set[str], set[str]]:
    """Which kinds of sums there are, and which of them fail somewhere."""
    found = list(check_home(home, operator.months))
    return {kind.partition(":")[0] for kind, _ in found}, {
        kind for kind, holds in found if not holds
    }


def test_every_sum_of_the_home_holds(
    restated: tuple[Operator, Version, Version],
) -> None:
    operator = restated[0]
    assert failing(operator.home, operator) == (
        {"parts", "change", "bridge", "restatement"},
        set(),
    )


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        ("kpi_monthly", "numerator", "parts: "),
        ("kpi_change", "rate", "change: effects"),
        ("kpi_bridge", "amount", "bridge: steps"),
        ("restate_cause", "numerator_change", "restatement: causes"),
    ],
)
def test_a_fen_too_much_is_found(
    table: str,
    column: str,
    kind: str,
    restated: tuple[Operator, Version, Version],
    tmp_path: Path,
) -> None:
    operator, published, known = restated
    shutil.copytree(operator.home, tmp_path / "home")
    version = known if table.startswith("restate") else published
    path = (
        tmp_path / "home" / version.path.relative_to(operator.home) / f"{table}.parquet"
    )
    rows = pq.read_table(path)
    cells = rows[column].to_pylist()
    place = max(n for n, cell in enumerate(cells) if cell is not None)
    cells[place] += Decimal("0.01")
    pq.write_table(
        put(rows, column, pa.array(cells, rows.schema.field(column).type)), path
    )
    assert any(
        name.startswith(kind) for name in failing(tmp_path / "home", operator)[1]
    )


def test_a_cause_changes_what_is_made_of_it(
    restated: tuple[Operator, Version, Version],
) -> None:
    known = restated[2]
    company = read(known, "restate_cause", scope_kind="company")
    causes = defaultdict(set)
    for row in company:
        causes[row["kpi"]].add(row["cause"])
    assert "bill" in causes["arpu"]
    assert (
        "owner" not in causes["arpu"]
    )  # who owns a customer is nothing to the company's revenue
    assert "bill" not in causes["zero_usage_rate"]
    branches = {
        r["cause"]
        for r in read(known, "restate_cause", kpi="arpu", scope_kind="branch")
    }
    assert branches >= {"owner", "bill"}


def test_orders_that_would_have_been_others(
    restated: tuple[Operator, Version, Version],
) -> None:
    _, published, known = restated
    then, now = (
        {(r["list"], r["customer_id"]): r for r in read(v, "dispatch_order")}
        for v in (published, known)
    )
    rows = read(known, "restate_order")
    by_change: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        by_change[row["change"]].add((row["list"], row["customer_id"]))
    assert by_change["dropped"] == then.keys() - now.keys()
    assert by_change["new"] == now.keys() - then.keys()
    assert by_change["changed"] <= then.keys() & now.keys()
    assert by_change["changed"]
    assert all(row["cause"] in ("status", "owner", "bill") for row in rows)
    assert all(row["why"] for row in rows if row["change"] != "new")


def test_the_command_says_it(
    restated: tuple[Operator, Version, Version],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operator, published, known = restated
    monkeypatch.setenv("RETENTION_SECRET_KEY", SECRET)
    monkeypatch.setenv("RETENTION_THREADS", "1")
    words = [
        "restate",
        str(MONTH),
        "--source",
        str(operator.source),
        "--home",
        str(operator.home),
    ]
    app([*words, "--lang", "en"], standalone_mode=False)
    told = capsys.readouterr().out
    app([*words, "--json"], standalone_mode=False)
    content = json.loads(capsys.readouterr().out)
    assert "as now known" in told
    assert "Average revenue per service" in told
    assert "mean_base" not in told, "a variant is told in words"
    assert (content["published"], content["version"]) == (
        published.number,
        known.number,
    )
    assert len(content["kpis"]) == len(read(known, "restate_kpi"))


def test_credit_notes_and_arrears_stand_apart(tmp_path: Path) -> None:
    town = (
        Town()
        .header_only("adjustment", "payment", "receivable")
        .person("ann")
        .person("bob")
        .owe("bob")
    )
    version = run_town(tmp_path / "home", town)
    release_month(job(tmp_path / "home", None))
    town.add("adjustment", adjustment_id="A1", customer_id="ann", service_id="ann-1", bill_id=f"ann-1/{MONTH}", kind="credit_note", adjusted_on=MONTH.first_day, amount="-20.00")  # fmt: skip
    town.tables["receivable"] = []
    known = restate_month(
        ungated_job(tmp_path / "home", town.write(tmp_path / "source"))
    )
    causes = {row["cause"] for row in read(known, "restate_cause")}
    assert "arrears" in causes
    assert causes <= {"arrears", "credit_note"}
    assert version.number == 1
    dropped = only(read(known, "restate_order", customer_id="bob"))
    assert (dropped["change"], dropped["cause"], dropped["why"]) == (
        "dropped",
        "arrears",
        "not_on_list",
    )


def test_a_month_that_is_not_released(tmp_path: Path) -> None:
    run_town(tmp_path / "home", Town().person("ann"))
    with pytest.raises(Refused, match=r"month\.not_sealed"):
        restate_month(job(tmp_path / "home", tmp_path / "source"))


def test_a_restatement_verifies(restated: tuple[Operator, Version, Version]) -> None:
    from pipelines.jobs.verify import verify_month

    operator, _, known = restated
    seen = verify_month(ungated_job(operator.home, None), known.number)
    assert seen.differences == []


def test_only_released_months_whose_deliveries_changed_are_found(
    tmp_path: Path,
) -> None:
    """A draft is made again by its own run; once a version knows the deliveries there is nothing to find."""
    source, home = tmp_path / "source", tmp_path / "home"
    run_town(home, Town().person("ann"), source)
    bills = next((source / str(MONTH)).glob("bill.*"))
    delivered = bills.read_bytes()
    bills.write_bytes(delivered + b"\n")
    assert find_changed(home, str(source)) == []
    bills.write_bytes(delivered)
    release_month(job(home, None))
    assert find_changed(home, str(source)) == []
    bills.write_bytes(delivered + b"\n")
    assert find_changed(home, str(source)) == [MONTH]
    shutil.rmtree(source / str(MONTH))
    assert find_changed(home, str(source)) == []
