"""Golden cases of the customer KPIs, worked out by hand, and the known answers of the shared data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.oracle.kpis import expected_kpis
from tests.oracle.read import NotCleanError, month_folders, read_month
from tests.oracle.schema import TABLES
from tests.oracle.world import Table, bills, lines, people, write

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("RETENTION_TEST_DATA") or ROOT.parent / "shared" / "data")


def test_card_holding_takes_only_good_cards_of_the_tier(tmp_path: Path) -> None:
    """Seven VIPs with one card each; only C1 and C2 hold a good one. C8 is no VIP."""
    vips = "\n".join(f"C{i} individual gold" for i in range(1, 8))
    write(tmp_path, "2026-06", {
        "customer": f"customer_id customer_type vip_tier\n{vips}\nC8 individual none\nC9 group gold",
        "service": lines(*(f"S{i} active" for i in range(1, 10))),
        "bill": bills("2026-06", {"S1": "10"}),
        "vip_card": """card_id customer_id tier card_status delivered_on expires_on
                       1 C1 gold valid 2026-06-30 -
                       2 C2 diamond valid 2026-01-01 2026-07-01
                       3 C3 silver valid 2026-01-01 -
                       4 C4 gold void 2026-01-01 -
                       5 C5 gold valid 2026-07-01 -
                       6 C6 gold valid 2026-01-01 2026-06-30
                       7 C7 gold valid - -
                       8 C8 gold valid 2026-01-01 -""",
    })  # fmt: skip
    assert Table(tmp_path, "2026-06").pair("vip_card_holding_rate.holding") == (
        "2",
        "7",
    )


def test_without_tiers_vip_is_not_computed_but_high_value_is(tmp_path: Path) -> None:
    plain = "customer_id customer_type\nC1 individual"
    for month in ("2026-05", "2026-06"):
        write(tmp_path, month, {
            "customer": plain, "service": lines("S1 active"), "bill": bills(month, {"S1": "89"}),
            "vip_card": "card_id customer_id tier card_status delivered_on expires_on",
        })  # fmt: skip
    table = Table(tmp_path, "2026-06")
    assert table.status("vip_card_holding_rate.holding") == "not_computed"
    assert table.status("dynamic_retention_rate.rolling") == "not_computed"
    assert table.pair("cohort_retention_rate.billed") == ("1", "1")
    assert Table(tmp_path, "2026-06", theta="89.01").pair(
        "cohort_retention_rate.billed"
    ) == (
        "0",
        "0",
    )


def test_arrears_amounts_and_lines(tmp_path: Path) -> None:
    """June: open of May 40 of 200-10; of June 55 of 150; of April and May 70 of 300+190, March is not held."""
    names, who = ("S1 active", "S2 active", "S3 terminated"), people("C1", "C2", "C3")
    for month, amounts in (
        ("2026-04", {"S1": "300"}),
        ("2026-05", {"S1": "120", "S2": "80"}),
    ):
        off = {"S1": "-10"} if month == "2026-05" else {}
        write(
            tmp_path,
            month,
            {
                "customer": who,
                "service": lines(*names),
                "bill": bills(month, amounts, off),
            },
        )
    write(tmp_path, "2026-06", {
        "customer": who, "service": lines(*names), "bill": bills("2026-06", {"S1": "155", "S2": "-5"}),
        "receivable": """bill_id service_id customer_id bill_month open_amount due_on
                         2026-03-S1 S1 C1 2026-03 7.01 2026-04-15
                         2026-04-S1 S1 C1 2026-04 30 2026-05-15
                         2026-05-S1 S1 C1 2026-05 40.00 2026-06-30
                         2026-06-S2 S2 C2 2026-06 55 2026-07-01
                         2026-01-S3 S3 C3 2026-01 9 2026-02-15""",
    })  # fmt: skip
    table = Table(tmp_path, "2026-06")
    assert table.pair("arrears_rate.t1_amount") == ("40", "190")
    assert table.pair("arrears_rate.current_amount") == ("55", "150")
    assert table.pair("arrears_rate.rolling_12m") == ("70", "490")
    assert table.pair("arrears_rate.services") == ("1", "2")


def test_retention_of_members_and_cohort(tmp_path: Path) -> None:
    """Base December. C1..C4 silver, C5 by revenue 100, C6 at 88 is none of them, C7 is a group.

    June: C1 rises, C2 falls to 60, C3 has a credit of 20, C4 is gone, C5 falls below theta.
    """
    who = (
        people("C1", "C2", "C3", "C4", tier="silver")
        + "\nC5 individual none\nC6 individual none\nC7 group none"
    )
    seven = [f"S{i} active" for i in range(1, 8)]
    base = {
        "S1": "50",
        "S2": "90",
        "S3": "30",
        "S4": "40",
        "S5": "100",
        "S6": "88",
        "S7": "999",
    }
    write(
        tmp_path,
        "2025-12",
        {"customer": who, "service": lines(*seven), "bill": bills("2025-12", base)},
    )
    write(tmp_path, "2026-05", {
        "customer": who, "service": lines(*seven), "bill": bills("2026-05", base | {"S5": "20"}),
    })  # fmt: skip
    write(tmp_path, "2026-06", {
        "customer": people("C1", "C2", "C3", tier="silver") + "\nC5 individual none\nC6 individual none",
        "service": lines("S1 active", "S2 suspended_arrears", "S3 active", "S5 active", "S6 active"),
        "bill": bills("2026-06", {"S1": "75", "S2": "60", "S3": "-20", "S5": "25", "S6": "500"}),
    })  # fmt: skip
    table = Table(tmp_path, "2026-06")
    assert table.pair("dynamic_retention_rate.rolling") == ("2", "4")
    assert table.pair("cohort_retention_rate.billed") == ("3", "5")
    assert table.pair("revenue_retention_rate.net") == ("140", "310")
    assert table.pair("revenue_retention_rate.gross") == ("135", "310")
    assert table.pair("revenue_retention_rate.in_tier") == ("115", "140")
    assert (
        Table(tmp_path, "2025-12").status("cohort_retention_rate.billed")
        == "not_computed"
    )


def test_high_value_is_the_mean_of_the_months_he_was_there(tmp_path: Path) -> None:
    """C1: (100+70+97)/3 = 89. C2: the first month's 300 does not count, he was not in Net: (80+90)/2 = 85."""
    who = people("C1", "C2")
    write(tmp_path, "2025-10", {
        "customer": who, "service": lines("S1 active", "S2 terminated"),
        "bill": bills("2025-10", {"S1": "100", "S2": "300"}),
    })  # fmt: skip
    for month, amounts in (
        ("2025-11", {"S1": "70", "S2": "80"}),
        ("2025-12", {"S1": "97", "S2": "90"}),
    ):
        two = lines("S1 active", "S2 active")
        write(
            tmp_path,
            month,
            {"customer": who, "service": two, "bill": bills(month, amounts)},
        )
    write(
        tmp_path,
        "2026-01",
        {"customer": who, "service": two, "bill": bills("2026-01", {"S1": "40"})},
    )
    table = Table(tmp_path, "2026-01")
    assert table.pair("cohort_retention_rate.billed") == ("1", "1")
    assert table.pair("revenue_retention_rate.net") == ("40", "97")
    assert table.pair("revenue_retention_rate.gross") == ("40", "97")


def test_unclaimed_complaints_and_owners(tmp_path: Path) -> None:
    """June owners: C1 M2 (the later of two valid), C2 M1 (expired), C3 none, C4 branch B2 only, C5 known from May."""
    who, five = (
        people("C1", "C2", "C3", "C4", "C5"),
        lines(*(f"S{i} active" for i in range(1, 6))),
    )
    head = "customer_id valid_from valid_to branch_id unit_id manager_id"
    write(tmp_path, "2026-05", {
        "customer": who, "service": five, "bill": bills("2026-05", {"S1": "1"}),
        "ownership": f"{head}\nC5 2026-01-01 - B1 U1 M5\nC1 2026-01-01 - B1 U1 M9",
    })  # fmt: skip
    write(tmp_path, "2026-06", {
        "customer": who, "service": five,
        "bill": bills("2026-06", {"S1": "10", "S2": "20", "S3": "30.05", "S4": "40", "S5": "0"}),
        "organisation": "org_id org_kind name parent_id\nA city a -\nB1 branch b A\nB2 branch b -\nU1 unit u B1",
        "ownership": f"""{head}
            C1 2026-01-01 - B1 U1 M1\nC1 2026-06-30 - B1 - M2
            C2 2026-01-01 2026-03-01 B1 U1 M3\nC2 2026-03-01 2026-06-30 B1 U1 M1
            C3 2026-07-01 - B1 U1 M1
            C4 2026-01-01 2026-07-01 B2 - -""",
        "trouble_ticket": """ticket_id customer_id service_id opened_at category
            1 C1 S1 2026-06-01T00:00:00 complaint\n2 C1 - 2026-06-30T23:59:59 complaint
            3 C2 - 2026-05-31T16:00:00+00:00 complaint\n4 C5 - 2026-07-01T00:00:00 complaint
            5 C4 - 2026-06-05T10:00:00 fault\n6 C4 S9 2026-06-05T10:00:00 complaint""",
    })  # fmt: skip
    table = Table(tmp_path, "2026-06")
    assert table.pair("unclaimed_rate.customers") == ("2", "4")
    assert table.pair("unclaimed_rate.revenue") == ("70.05", "100.05")
    assert table.pair("complaint_rate.per_10k") == ("30000", "5")
    assert table.pair("complaint_rate.per_10k", "manager", "M2") == ("20000", "1")
    assert table.pair("complaint_rate.per_10k", "manager", "M1") == ("10000", "1")
    assert table.scopes("complaint_rate.per_10k", "manager") == {
        "M1",
        "M2",
        "M5",
        "unclaimed",
    }
    assert table.pair("complaint_rate.per_10k", "unit", "unclaimed") == ("20000", "3")
    assert table.pair("complaint_rate.per_10k", "branch", "B1") == ("30000", "3")
    assert table.pair("complaint_rate.per_10k", "branch", "unclaimed") == ("0", "1")
    assert table.pair("complaint_rate.per_10k", "city", "A") == ("30000", "3")
    assert table.pair("complaint_rate.per_10k", "city", "unclaimed") == ("0", "2")
    assert table.pair("unclaimed_rate.customers", "city", "unclaimed") == ("2", "2")


def test_ranks_share_places_and_leave_out_the_small(tmp_path: Path) -> None:
    """Four branches of 30 with 0, 1, 1, 2 complaints, one of 29, and 30 of nobody's."""
    owners, tickets = (
        ["customer_id valid_from branch_id"],
        ["ticket_id customer_id opened_at category"],
    )
    names: list[str] = []
    branches = (
        ("A", 30, 2),
        ("B", 30, 1),
        ("C", 30, 0),
        ("D", 30, 1),
        ("E", 29, 0),
        ("-", 30, 0),
    )
    for branch, size, complaints in branches:
        mine = [f"C{len(names) + i}" for i in range(size)]
        names += mine
        owners += [f"{name} 2026-01-01 {branch}" for name in mine if branch != "-"]
        tickets += [
            f"{branch}{i} {mine[i]} 2026-06-02 complaint" for i in range(complaints)
        ]
    write(tmp_path, "2026-06", {
        "customer": people(*names), "service": lines(*(f"S{name[1:]} active" for name in names)),
        "bill": bills("2026-06", {"S0": "1"}), "ownership": "\n".join(owners), "trouble_ticket": "\n".join(tickets),
    })  # fmt: skip
    table = Table(tmp_path, "2026-06")
    ranks = {
        scope: table.rank("complaint_rate.per_10k", "branch", scope)
        for scope in "ABCDE"
    }
    assert ranks == {"A": 4, "B": 2, "C": 1, "D": 2, "E": None}
    assert table.pair("complaint_rate.per_10k", "branch", "unclaimed") == ("0", "30")
    assert table.rank("complaint_rate.per_10k", "branch", "unclaimed") is None
    for kind in ("city", "unit", "manager"):  # nothing tells them
        assert table.scopes("complaint_rate.per_10k", kind) == {"unclaimed"}
        row = table.rows["complaint_rate.per_10k", kind, "unclaimed"]
        assert row["status"] == "not_computed"


def test_a_header_without_rows_counts_as_none(tmp_path: Path) -> None:
    empty = {name: " ".join(table.columns) for name, table in TABLES.items()}
    for month in ("2026-04", "2026-05", "2026-06"):
        line = "service_id customer_id service_type status activated_on plan_id contract_end_on is_fee_waiver_approved termination_reason"
        filled = {
            "customer": people("C1", tier="gold"),
            "bill": bills(month, {"S1": "5"}),
        }
        write(
            tmp_path,
            month,
            empty
            | filled
            | {"service": f"{line}\nS1 C1 mobile active 2020-01-01 P 2026-06-30 - -"},
        )
    table = Table(tmp_path, "2026-06")
    waiting = {
        name.partition(".")[0]
        for (name, _, _), row in table.rows.items()
        if row["status"] != "ok"
    }
    assert waiting == {
        "group_registration_rate",  # no column says whose member anybody is
        "reactivation_rate",
        "revenue_completion",
        "revenue_growth",
        "revenue_retention_rate",
    }  # long windows
    assert table.pair("vip_card_holding_rate.holding") == ("0", "1")
    assert table.pair("arrears_rate.services") == ("0", "1")
    assert table.pair("complaint_rate.per_10k") == ("0", "1")
    assert table.pair("zero_usage_rate.all_2m") == ("1", "1")
    assert table.pair("low_saturation_rate.two_months") == ("0", "0")
    assert table.pair("down_migration_rate.revenue_drop") == ("0", "1")
    assert table.pair("unclaimed_rate.customers", "city", "unclaimed") == ("1", "1")


def test_row_rules(tmp_path: Path) -> None:
    """C2 comes twice with other content, so its line and bill are out too; the repeat of C1 counts once."""
    write(tmp_path, "2026-06", {
        "customer": people("C1", "C1", "C3") + "\nC2 individual none\nC2 group none",
        "service": lines("S1 active", "S2 active", "S3 active"),
        "bill": bills("2026-06", {"S1": "1.10", "S2": "2", "S3": "3", "S9": "4"}),
    })  # fmt: skip
    tables = read_month(tmp_path, "2026-06")
    customer, service, bill = tables["customer"], tables["service"], tables["bill"]
    assert customer is not None
    assert service is not None
    assert bill is not None
    assert list(customer["customer_id"]) == ["C1", "C3"]
    assert list(service["service_id"]) == ["S1", "S3"]
    assert list(bill["billed_amount"]) == [110, 300]
    assert tables["usage"] is None
    write(tmp_path, "2026-06", {"bill": bills("2026-06", {"S1": "1.001"})})
    with pytest.raises(NotCleanError, match=r"1\.001"):
        read_month(tmp_path, "2026-06")


def shared(name: str) -> Path:
    source = SHARED / "contract" / name
    if not source.is_dir():
        pytest.skip(f"shared data not found: {source}")
    return source


@pytest.mark.parametrize(
    ("name", "month"), [("megaline", "2018-10"), ("uci", "2005-05")]
)
def test_parts_add_up_to_the_whole(name: str, month: str) -> None:
    source = shared(name)
    expected = expected_kpis(source, month_folders(source), month)
    computed = expected[expected["status"] == "ok"]
    for column in ("numerator", "denominator"):
        added = computed[
            computed[column].notna() & (computed["kpi"] != "revenue_completion")
        ]
        sums = (
            added.groupby(["kpi", "variant", "scope_kind"])[column]
            .agg(sum)
            .unstack()
            .dropna(subset="company")
        )
        for kind in ("city", "branch", "unit", "manager"):
            assert sums[kind].eq(sums["company"]).all()


@pytest.mark.parametrize(
    ("month", "percent"),
    [
        ("2005-04", 10.26),
        ("2005-05", 9.89),
        ("2005-06", 11.70),
        ("2005-07", 14.04),
        ("2005-08", 14.79),
    ],
)
def test_known_answers(month: str, percent: float) -> None:
    source = shared("uci")
    expected = expected_kpis(source, [*month_folders(source)[:1], month], month)
    row = expected.query(
        "kpi == 'arrears_rate' and variant == 'services' and scope_kind == 'company'"
    ).iloc[0]
    assert round(100 * row["value"], 2) == percent
