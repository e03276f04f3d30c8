"""Golden cases of the KPIs about lines, worked out by hand, and of the comparison."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.oracle.__main__ import main
from tests.oracle.compare import compare
from tests.oracle.kpis import expected_kpis
from tests.oracle.world import Table, bills, lines, people, write

USAGE = "service_id voice_calls voice_minutes sms_count data_mb"


def churn_world(source: Path) -> None:
    """Six lines in May. June: S1 stays, S5 is suspended, S2 S3 S6 end, S4 is missing, S7 is new, S8 a test line."""
    six = people(*(f"C{i}" for i in range(1, 7)))
    write(source, "2026-05", {
        "customer": six, "service": lines(*(f"S{i} active" for i in range(1, 7))),
        "bill": bills("2026-05", {"S1": "10"}),
        "ownership": "customer_id valid_from manager_id branch_id\nC4 2020-01-01 M4 B1",
    })  # fmt: skip
    write(source, "2026-06", {
        "customer": people("C1", "C2", "C3", "C5", "C6", "C7", "C8"),
        "service": """service_id customer_id service_type status activated_on termination_reason is_excluded
            S1 C1 mobile active 2020-01-01 - false\nS2 C2 mobile terminated 2020-01-01 port_out -
            S3 C3 mobile terminated 2020-01-01 arrears 0\nS5 C5 mobile suspended_request 2020-01-01 - 0
            S6 C6 mobile pre_terminated 2020-01-01 - 0\nS7 C7 mobile active 2026-06-01 - 0
            S8 C8 mobile active 2020-01-01 - true""",
        "bill": bills("2026-06", {"S1": "60", "S5": "30.50", "S8": "999"}, {"S5": "-0.50"}),
        "ownership": "customer_id valid_from manager_id branch_id\nC1 2020-01-01 M1 B1",
    })  # fmt: skip


def test_churn_and_arpu(tmp_path: Path) -> None:
    churn_world(tmp_path)
    table = Table(tmp_path, "2026-06")
    assert table.pair("churn_rate.start_base") == ("4", "6")
    assert table.pair("churn_rate.voluntary") == ("1", "6")
    assert table.pair("churn_rate.involuntary") == ("1", "6")
    assert table.pair("churn_rate.unknown_reason") == ("2", "6")
    assert table.pair("churn_rate.mean_base") == ("4", "4.5")
    assert table.pair("arpu.mean_base") == ("90", "4.5")
    assert table.rows["arpu.mean_base", "company", "company"]["value"] == 20.0
    # C4 is gone: his owner is the one he had in May
    assert table.pair("churn_rate.start_base", "manager", "M4") == ("1", "1")
    assert table.pair("churn_rate.start_base", "manager", "M1") == ("0", "1")
    assert table.pair("churn_rate.start_base", "manager", "unclaimed") == ("3", "4")
    assert table.scopes("churn_rate.start_base", "branch") == {"B1", "unclaimed"}
    first = Table(tmp_path, "2026-05")
    assert first.status("churn_rate.start_base") == "not_computed"
    assert first.status("arpu.mean_base") == "not_computed"


def test_zero_usage(tmp_path: Path) -> None:
    """Old active lines are S1..S4; S4 was suspended in May, S5 is new, S6 suspended, S7 no mobile line."""
    who = people(*(f"C{i}" for i in range(1, 8)))
    both = ("S1 active", "S2 active", "S3 active", "S7 active 2020-01-01 broadband")
    may = lines(*both, "S4 suspended_request", "S6 active")
    june = lines(*both, "S4 active", "S5 active 2026-06-01", "S6 suspended_arrears")
    write(tmp_path, "2026-05", {
        "customer": who, "service": may, "bill": bills("2026-05", {"S1": "1"}),
        "usage": f"{USAGE}\nS1 0 0 0 0.00\nS2 5 5 0 0\nS3 1 1 0 0",
    })  # fmt: skip
    write(tmp_path, "2026-06", {
        "customer": who, "service": june, "bill": bills("2026-06", {"S1": "1"}),
        "usage": f"{USAGE}\nS1 0 0 0 0.0\nS3 0 0 0 0.01",
    })  # fmt: skip
    table = Table(tmp_path, "2026-06")
    assert table.pair("zero_usage_rate.calls") == ("4", "4")
    assert table.pair("zero_usage_rate.all") == ("3", "4")
    assert table.pair("zero_usage_rate.all_2m") == ("1", "3")
    assert Table(tmp_path, "2026-05").status("zero_usage_rate.all_2m") == "not_computed"


def test_low_saturation(tmp_path: Path) -> None:
    """Of 100 minutes and 1000 MB: S1 is below 20 % twice, S2 at 20 % once, S3 unused; the plan of S4 has no MB."""
    who = people("C1", "C2", "C3", "C4")
    head = "service_id customer_id service_type status activated_on plan_id"
    four = "\n".join(
        [
            head,
            *(
                f"S{i} C{i} mobile active 2020-01-01 {'P2' if i == 4 else 'P1'}"
                for i in range(1, 5)
            ),
        ]
    )
    plans = "plan_id name monthly_fee included_minutes included_data_mb\nP1 one 10 100 1000\nP2 two 10 100 -"
    for month, second in (("2026-05", "20"), ("2026-06", "3")):
        write(tmp_path, month, {
            "customer": who, "service": four, "plan": plans, "bill": bills(month, {"S1": "1"}),
            "usage": f"{USAGE}\nS1 9 19.99 0 199.99\nS2 9 {second} 0 5\nS4 0 0 0 0",
        })  # fmt: skip
    table = Table(tmp_path, "2026-06")
    assert table.pair("low_saturation_rate.two_months") == ("2", "3")
    assert (
        Table(tmp_path, "2026-05").status("low_saturation_rate.two_months")
        == "not_computed"
    )


def test_down_migration(tmp_path: Path) -> None:
    """All drop from 50 to 40 but S5. S1 moved A-B-C, S2 A-B-A, S3 from unknown, S4 not at all; S6 came in April,
    S7 had no bill in April, S8 belongs to a group. So 1 of 5."""
    who = people(*(f"C{i}" for i in range(1, 8))) + "\nC8 group none"
    eight = lines(
        *(f"S{i} active" for i in range(1, 6)),
        "S6 active 2026-04-01",
        "S7 active",
        "S8 active",
    )
    april = {f"S{i}": "50" for i in (1, 2, 3, 4, 5, 6, 8)}
    june = {f"S{i}": "40" for i in (1, 2, 3, 4, 6, 7, 8)} | {"S5": "50"}
    changes = [
        "service_id changed_on from_plan_id to_plan_id",
        "S1 2026-05-02 A B",
        "S1 2026-05-20 B C",
    ]
    changes += [
        "S2 2026-05-20 B A",
        "S2 2026-05-02 A B",
        "S3 2026-05-02 - B",
        "S4 2026-06-01 A B",
        "S5 2026-05-02 A B",
    ]
    changes += ["S6 2026-05-02 A B", "S7 2026-05-02 A B", "S8 2026-05-02 A B"]
    for month, amounts in (("2026-04", april), ("2026-05", april), ("2026-06", june)):
        tables = {"customer": who, "service": eight, "bill": bills(month, amounts)}
        write(tmp_path, month, tables | {"plan_change": "\n".join(changes)})
    table = Table(tmp_path, "2026-06")
    assert table.pair("down_migration_rate.revenue_drop") == ("1", "5")
    assert (
        Table(tmp_path, "2026-05").status("down_migration_rate.revenue_drop")
        == "not_computed"
    )


def test_renewal(tmp_path: Path) -> None:
    """Due in June as known in May: S1 S2 S3 S4. S1 renewed, S2 not, S3 renewed but gone, S4 missing; S5 due in July."""
    head = "service_id customer_id service_type status activated_on contract_end_on"
    who, paid = people(*(f"C{i}" for i in range(1, 6))), bills("2026-05", {"S1": "1"})
    may = {1: "06-01", 2: "06-30", 3: "06-15", 4: "06-15", 5: "07-01"}
    rows = [f"S{i} C{i} mobile active 2020-01-01 2026-{end}" for i, end in may.items()]
    write(
        tmp_path,
        "2026-05",
        {"customer": who, "service": "\n".join([head, *rows]), "bill": paid},
    )
    write(tmp_path, "2026-06", {
        "customer": who, "bill": bills("2026-06", {"S1": "1"}),
        "service": f"""{head}
            S1 C1 mobile suspended_arrears 2020-01-01 2027-06-01\nS2 C2 mobile active 2020-01-01 2026-06-30
            S3 C3 mobile terminated 2020-01-01 2027-06-15\nS5 C5 mobile active 2020-01-01 2028-07-01""",
    })  # fmt: skip
    assert Table(tmp_path, "2026-06").pair("renewal_rate.renewed") == ("1", "4")
    assert Table(tmp_path, "2026-05").status("renewal_rate.renewed") == "not_computed"


def test_zero_tariff_circuits(tmp_path: Path) -> None:
    """S1 has no bill, S2 0 after a credit; S3 is waived, S4 pays, S5 is below 0, S6 suspended, S7 mobile."""
    head = (
        "service_id customer_id service_type status activated_on is_fee_waiver_approved"
    )
    rows = [
        f"S{i} C{i} private_line active 2020-01-01 {'Y' if i == 3 else '-'}"
        for i in range(1, 6)
    ]
    rows += [
        "S6 C6 private_line suspended_request 2020-01-01 -",
        "S7 C7 mobile active 2020-01-01 -",
    ]
    tables = {
        "customer": people(*(f"C{i}" for i in range(1, 8))),
        "service": "\n".join([head, *rows]),
        "bill": bills("2026-06", {"S2": "5", "S4": "5", "S5": "-5"}, {"S2": "-5"}),
        "ownership": "customer_id valid_from branch_id\nC1 2020-01-01 B1\nC4 2020-01-01 B2",
    }
    write(tmp_path, "2026-06", tables)
    table = Table(tmp_path, "2026-06")
    assert table.pair("zero_tariff_circuits.count") == ("2", "None")
    assert table.scopes("zero_tariff_circuits.count", "branch") == {"B1", "unclaimed"}
    assert table.rank("zero_tariff_circuits.count", "branch", "B1") == 1
    assert (
        table.rows["zero_tariff_circuits.count", "branch", "unclaimed"]["value"] == 1.0
    )


def as_home(expected: pd.DataFrame) -> pd.DataFrame:
    """The expected table as the CSV of the home would have it."""
    home = expected.astype(str).replace({"None": "", "ok": "released"})
    return home.assign(month="2026-06", target="", reason="")


def test_compare(tmp_path: Path) -> None:
    churn_world(tmp_path)
    expected = expected_kpis(tmp_path, ["2026-05", "2026-06"], "2026-06")
    home = as_home(expected)
    other = home.iloc[[0]].assign(kpi="not_covered", variant="at_all")
    assert compare(expected, pd.concat([home, other])).ok
    at = home.index[(home["kpi"] == "arpu") & (home["scope_kind"] == "company")][0]
    wrong = home.copy()
    wrong.loc[at, ["numerator", "status"]] = ["90.01", "not_computed"]
    report = compare(expected, wrong.drop(index=at + 1))
    assert (
        report.differing_rows,
        len(report.differing),
        len(report.missing_in_actual),
    ) == (
        1,
        2,
        1,
    )
    assert not report.ok
    assert "90.01" in str(report)
    wrong = home.copy()
    wrong.loc[at, ["numerator", "value"]] = ["90.000", "20.000000001"]
    assert compare(expected, wrong).ok
    wrong.loc[at, "value"] = "20.0000001"
    assert compare(expected, wrong).differing_rows == 1


def test_command_line(tmp_path: Path) -> None:
    churn_world(tmp_path)
    home = as_home(expected_kpis(tmp_path, ["2026-05", "2026-06"], "2026-06"))
    home.to_csv(tmp_path / "home.csv", index=False)
    assert (
        main([str(tmp_path), "2026-06", "--home-csv", str(tmp_path / "home.csv")]) == 0
    )
    home.assign(numerator="1").to_csv(tmp_path / "home.csv", index=False)
    assert (
        main([str(tmp_path), "2026-06", "--home-csv", str(tmp_path / "home.csv")]) == 1
    )
    assert main([str(tmp_path), "2026-06"]) == 0
