"""A delivery checked before it is a month: what is taken, what not and why, and how the command ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipelines.catalogue.contract_texts import EXAMPLE_MONTH
from pipelines.cli import app
from pipelines.core.contract import load_contract
from pipelines.core.errors import (
    GateStopped,
    Incomplete,
    RetentionError,
    SourceNotReady,
)
from pipelines.jobs.intake.template import write_template
from pipelines.text.texts import describe_error


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    """The example of the form: the folder of its month."""
    write_template(tmp_path / "form")
    return tmp_path / "form" / "example" / EXAMPLE_MONTH


def check(delivery: Path, *more: str) -> Result:
    home = delivery.parents[2] / "home"
    command = [
        "check",
        EXAMPLE_MONTH,
        "--source",
        str(delivery.parent),
        "--home",
        str(home),
        *more,
    ]
    result = CliRunner().invoke(app, command)
    assert not home.exists(), "a check leaves nothing behind"
    assert result.exception is None or isinstance(
        result.exception, RetentionError | SystemExit
    ), result.exception
    return result


def test_a_whole_delivery_ends_with_0_and_what_it_would_give(delivery: Path) -> None:
    result = check(delivery, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [t["table"] for t in found["tables"]] == list(load_contract())
    assert {(t["state"], t["rows"], t["accepted"]) for t in found["tables"]} == {
        ("present", 2, 2)
    }
    coverage = found["coverage"]
    assert (
        0 < coverage["kpis_computed"] < coverage["kpis"] == 64
        and coverage["unlocks"] == []
    )


def test_rows_files_and_columns_that_are_not_taken_are_named(delivery: Path) -> None:
    receivable = (delivery / "receivable.csv").read_text(encoding="utf-8")
    (delivery / "receivable.csv").unlink()
    (delivery / "欠费清单_202610.csv").write_text(receivable, encoding="utf-8")
    (delivery / "notes.txt").write_text("to do", encoding="utf-8")
    plan = (delivery / "plan.csv").read_text(encoding="utf-8")
    (delivery / "plan.csv").write_text(
        plan.replace("plan_id,name,monthly_fee", "plan_id,name,fee"), encoding="utf-8"
    )
    customer = (delivery / "customer.csv").read_text(encoding="utf-8").splitlines()
    customer[1] = customer[1].replace("birth_year", "出生年")
    customer.append(customer[2])
    customer.append(customer[3].replace("G000002", "G000003").replace("group", "政企"))
    (delivery / "customer.csv").write_text("\n".join(customer) + "\n", encoding="utf-8")
    payment = (delivery / "payment.csv").read_text(encoding="utf-8")
    payment += "PAY000003,C000009,,2026-10-09,12.00\n"
    (delivery / "payment.csv").write_text(payment, encoding="utf-8")

    result = check(delivery, "--json")
    error = result.exception
    assert isinstance(error, Incomplete) and error.key == "intake.not_all"
    found = json.loads(result.stdout)
    tables = {table["table"]: table for table in found["tables"]}
    counts = {
        name: tables["customer"][name]
        for name in ("rows", "accepted", "repeated", "quarantined")
    }
    assert counts == {"rows": 4, "accepted": 2, "repeated": 1, "quarantined": 1}
    (fault,) = tables["customer"]["faults"]
    assert fault.pop("says")
    assert fault == {
        "rule": "not_a_enum", "rows": 1, "file": "customer.csv", "line": 6, "column": "customer_type", "value": "政企",
        "more_lines": [],
    }  # fmt: skip
    assert tables["customer"]["unknown"] == [{"header": "出生年", "like": "birth_year"}]
    (of_payment,) = tables["payment"]["faults"]
    assert of_payment["value"] == "C00***9"  # nobody's id in full
    assert (
        tables["plan"]["state"] == "refused"
        and "monthly_fee" in tables["plan"]["refused"]
    )
    assert tables["receivable"]["state"] == "absent"
    assert found["unknown_files"] == [
        {"name": "notes.txt", "like": None},
        {"name": "欠费清单_202610.csv", "like": "receivable"},
    ]
    unlocks = {
        unlock["deliver"]: unlock["unlocks"] for unlock in found["coverage"]["unlocks"]
    }
    assert (
        "list:arrears" in unlocks["receivable"]
        and "kpi:arrears_rate.current_amount" in unlocks["receivable"]
    )
    assert (found["refused"], found["quarantined"]) == (1, 2)


def test_every_kind_of_fault_is_told_under_its_header_and_what_follows_from_others_last(
    delivery: Path,
) -> None:
    customers = (delivery / "customer.csv").read_text(encoding="utf-8")
    customers = customers.replace("C000001,individual", "C000001,公众客户")
    (delivery / "customer.csv").write_text(customers, encoding="utf-8")
    with (delivery / "bill.csv").open("a", encoding="utf-8") as bills:
        bills.write("B202610003,S000001,C000001,2026-10,59.00,0.00,2026-11-15\n")
        bills.write("B202610004,S000002,G000002,2026-10,免,0.00,2026-11-15\n")
        bills.write("B202610005,S000002,G000002,2026-10,12.00,0.00,31/31/2026\n")
    receivables = (delivery / "receivable.csv").read_text(encoding="utf-8")
    _, _, below = receivables.partition(
        "\n"
    )  # without the titles, which are headers too
    below = below.replace("open_amount", "欠费金额").replace("due_on", "due_on,柜台")
    (delivery / "receivable.csv").write_text(below, encoding="utf-8")

    lines = check(delivery, "--lang", "en").stdout.splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("bill "))
    told = [line.strip() for line in lines[place + 1 : place + 5]]
    assert told[:3] == [
        "bill.csv, line 7, due_on (缴费截止日)=31/31/2026: not a day (rows: 1)",
        "bill.csv, line 6, billed_amount (出账金额)=免: not an amount (rows: 1)",
        "bill.csv, line 3, customer_id (客户编码)=C00***1: customer_id is in no accepted row of the customer table (rows: 2; next on 5)",
    ]
    place = lines.index("receivable (receivable.csv): refused")
    assert "open_amount (欠费金额)" in lines[place + 1]
    assert "欠费金额: looks like open_amount" in lines[place + 2]
    assert "柜台" not in "".join(lines), "of no help for a table that is not taken"


def test_a_file_that_the_mapping_names_and_that_is_not_there_is_asked_for(
    delivery: Path,
) -> None:
    (delivery / "trouble_ticket.csv").unlink()
    (delivery / "loyalty.csv").unlink()
    (delivery / "投诉.csv").write_text("ticket_id\n", encoding="utf-8")
    names = "trouble_ticket: {file: [投诉工单_*.csv, 投诉工单_*.xlsx]}\n"
    (delivery.parent / "mapping.yml").write_text(names, encoding="utf-8")

    said = check(delivery, "--lang", "en").stdout.splitlines()
    asked = [line for line in said if "was it forgotten?" in line]
    assert [line.partition(",")[0] for line in asked] == [
        "trouble_ticket: no file is called 投诉工单_*.csv 投诉工单_*.xlsx"
    ]
    (looks,) = [line for line in said if line.startswith("投诉.csv")]
    assert looks.endswith(f"retention map SOURCE --month {EXAMPLE_MONTH}")
    found = json.loads(check(delivery, "--json").stdout)
    awaited = {one["table"]: one["awaited"] for one in found["tables"]}
    assert awaited.pop("trouble_ticket") == ["投诉工单_*.csv", "投诉工单_*.xlsx"]
    assert not any(awaited.values())


def test_what_would_be_withheld_is_named(delivery: Path) -> None:
    bills = (delivery / "bill.csv").read_text(encoding="utf-8").splitlines()
    bills.append(bills[-1].replace("B20261000", "B20261009").replace(".00", ".0O", 1))
    (delivery / "bill.csv").write_text("\n".join(bills) + "\n", encoding="utf-8")
    said = check(delivery, "--lang", "zh").stdout.splitlines()
    (line,) = [line for line in said if line.startswith("照现在的样子会暂扣：")]
    assert "欠费率" in line
    assert json.loads(check(delivery, "--json").stdout)["withheld"] > 0


@pytest.mark.parametrize(
    ("name", "text", "kind", "key"),
    [
        ("bill.csv", None, SourceNotReady, "source.required_absent"),
        (
            "customer.csv",
            "customer_id,customer_type\n",
            GateStopped,
            "source.required_empty",
        ),
        (
            "service.csv",
            "service_id,status\nS1,active\n",
            GateStopped,
            "source.missing_column",
        ),
        (
            "bill.csv",
            "bill_id,service_id,customer_id,bill_month,billed_amount,due_on\nB1,S000001,C000001,2026-09,1,2026-10-15\n",
            GateStopped,
            "source.wrong_month",
        ),
        (
            "customer.csv",
            "customer_id,customer_type\nC1,双\n",
            GateStopped,
            "source.nothing_accepted",
        ),
    ],
)
def test_what_would_stop_the_month_is_said_beside_all_that_could_be_read(
    delivery: Path, name: str, text: str | None, kind: type[RetentionError], key: str
) -> None:
    (delivery / name).unlink()
    if text is not None:
        (delivery / name).write_text(text, encoding="utf-8")
    result = check(delivery, "--lang", "en")
    assert isinstance(result.exception, kind) and result.exception.key == key
    assert (
        "this month would stop" in result.stdout
        and "loyalty (loyalty.csv): 2 rows" in result.stdout
    )
    assert describe_error("en", result.exception) in result.stdout


def test_a_month_that_is_not_there_is_not_ready(delivery: Path) -> None:
    command = ["check", "2026-09", "--source", str(delivery.parent)]
    error = CliRunner().invoke(app, command).exception
    assert isinstance(error, SourceNotReady) and error.exit_code == 11


def test_a_mapping_that_cannot_be_meant_ends_with_10(delivery: Path) -> None:
    (delivery.parent / "mapping.yml").write_text(
        "customer:\n  columns: {甲: customer}\n", encoding="utf-8"
    )
    error = check(delivery).exception
    assert (
        isinstance(error, RetentionError)
        and error.exit_code == 10
        and error.facts["line"] == 2
    )
