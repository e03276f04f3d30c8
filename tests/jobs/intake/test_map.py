"""A mapping proposed from names and values: sure lines hold, doubtful ones are comments."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.cli.screens.proposal import draw_proposal
from pipelines.core.errors import SourceNotReady, UsageError
from pipelines.jobs.intake.mapper import map_source
from pipelines.jobs.intake.proposal import TableProposal
from pipelines.jobs.intake.recognition import generalise_file, name_of_table
from pipelines.sources.operator.mapping import load_mapping
from pipelines.text.texts import LANGUAGES


def propose(
    folder: Path, files: dict[str, str], encoding: str = "gb18030"
) -> dict[str, TableProposal]:
    place = folder / "source" / "2026-10"
    place.mkdir(parents=True)
    for name, text in files.items():
        (place / name).write_bytes(text.encode(encoding))
    return {table.table: table for table in map_source(folder / "source", None).tables}


CUSTOMERS = "客户清单\nCUST_ID,姓名,客户类别,VIP级别,状况\nc1,甲,个人,金卡,好\nc2,乙,政企,黑卡,好\n"


def test_headers_in_both_languages_and_abbreviations_are_known(tmp_path: Path) -> None:
    bills = "BILL_NO,USER_NO,CUST_NO,BILL_CYCLE,BILL_AMT,DUE_DATE\nb1,s1,c1,202610,59.00,2026/11/15\n"
    found = propose(
        tmp_path, {"客户清单_202610.csv": CUSTOMERS, "ACCT_BILL.csv": bills}
    )
    columns = {c.header: (c.column, c.sureness) for c in found["customer"].columns}
    assert columns["CUST_ID"] == ("customer_id", "high") and columns["客户类别"] == (
        "customer_type",
        "high",
    )
    assert columns["状况"] == (None, "low")
    assert [c.column for c in found["bill"].columns] == [
        *(
            "bill_id",
            "service_id",
            "customer_id",
            "bill_month",
            "billed_amount",
            "due_on",
        )
    ]
    codes = {(c.column, c.code): c.value for c in found["customer"].codes}
    assert codes == {
        ("customer_type", "个人"): "individual",
        ("customer_type", "政企"): "group",
        ("vip_tier", "金卡"): "gold",
        ("vip_tier", "黑卡"): None,
    }
    assert found["customer"].files == ("客户清单_*.csv",) and found["bill"].files == (
        "ACCT_BILL.csv",
    )


def test_what_is_proposed_can_be_used_as_it_is_and_doubts_are_comments(
    tmp_path: Path,
) -> None:
    twice = "客户编码,客户编号,客户类型,客户名称\nc1,c1,个人,甲\n"
    dates = "用户编码,客户编码,业务类型,用户状态,入网时间\ns1,c1,移动,在网,甲\ns2,c1,移动,在网,乙\n"
    propose(
        tmp_path,
        {"客户资料.csv": twice, "用户资料.csv": dates, "说明.csv": "a,b\n1,2\n"},
    )
    proposal = map_source(tmp_path / "source", "2026-10")
    assert proposal.unknown == ("说明.csv",)
    for language in LANGUAGES:
        text = draw_proposal(proposal, language)
        (tmp_path / "mapping.yml").write_text(text, encoding="utf-8")
        tables = load_mapping(tmp_path / "mapping.yml").tables
        assert tables["customer"].columns == {
            "客户类型": "customer_type",
            "客户名称": "name",
        }
        assert (
            "#    客户编码: customer_id" in text
            and "#    客户编号: customer_id" in text
        )
        assert (
            "activated_on" not in tables["service"].columns.values()
        )  # its values are no dates
        assert "#    入网时间: activated_on" in text
    ambiguous = [
        c for t in proposal.tables for c in t.columns if c.reason.key == "map.ambiguous"
    ]
    assert {c.header for c in ambiguous} == {"客户编码", "客户编号"}


def test_files_in_the_contracts_form_need_no_mapping(tmp_path: Path) -> None:
    propose(
        tmp_path,
        {
            "plan.csv": "plan_id,name,monthly_fee\nP1,畅享,59\n",
            "loyalty.csv": "customer_id,积分\nc1,5\n",
        },
    )
    text = draw_proposal(map_source(tmp_path / "source", None), "en")
    assert (
        "plan_id" not in text and "file:" not in text and "积分: points_balance" in text
    )


def test_nothing_is_written_unasked_and_nothing_overwritten(tmp_path: Path) -> None:
    propose(tmp_path, {"客户资料.csv": CUSTOMERS})
    source, out = tmp_path / "source", tmp_path / "mapping.yml"
    before = sorted(tmp_path.rglob("*"))
    assert CliRunner().invoke(app, ["map", str(source), "--lang", "zh"]).exit_code == 0
    assert sorted(tmp_path.rglob("*")) == before
    command = ["map", str(source), "--out", str(out)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert "customer" in load_mapping(out).tables
    refused = CliRunner().invoke(app, command).exception
    assert isinstance(refused, UsageError) and refused.key == "map.there"
    assert CliRunner().invoke(app, [*command, "--force"]).exit_code == 0
    assert (
        CliRunner()
        .invoke(app, ["map", str(source), "--json"])
        .output.startswith('{"month": "2026-10"')
    )
    with pytest.raises(SourceNotReady):
        map_source(source, "2026-09")


def test_what_the_newest_month_lacks_is_found_in_the_two_before(tmp_path: Path) -> None:
    """A report forgotten this time, and a code that nobody had this time."""
    propose(tmp_path, {"客户资料_202610.csv": CUSTOMERS})
    source = tmp_path / "source"
    tickets = (
        "工单编号,客户编码,受理时间,工单类型,自编\nt1,c1,2026-09-05 10:00:00,投诉,1\n"
    )
    older = {
        "2026-09": {
            "客户资料_202609.csv": CUSTOMERS.replace("个人", "公众"),
            "投诉工单_202609.csv": tickets,
        },
        "2026-07": {"积分_202607.csv": "客户编码,积分余额\nc1,5\n"},
        "2026-08": {},
    }
    for month, files in older.items():
        (source / month).mkdir()
        for name, text in files.items():
            (source / month / name).write_bytes(text.encode("gb18030"))

    proposal = map_source(source, None)
    assert proposal.months == ("2026-10", "2026-09", "2026-08")
    found = {table.table: table for table in proposal.tables}
    assert set(found) == {"customer", "trouble_ticket"}
    assert found["trouble_ticket"].files == ("投诉工单_*.csv",)
    codes = {code.code: (code.value, code.rows) for code in found["customer"].codes}
    assert codes["个人"] == ("individual", 1) and codes["公众"] == ("individual", 1)
    assert codes["政企"] == ("group", 2) and codes["黑卡"] == (None, 2)
    assert found["customer"].files == ("客户资料_*.csv",)
    assert "2026-08, 2026-09, 2026-10" in draw_proposal(proposal, "en")
    alone = {table.table for table in map_source(source, "2026-10").tables}
    assert alone == {"customer"}


def test_the_last_row_counts_that_no_line_end_stands_behind(tmp_path: Path) -> None:
    found = propose(tmp_path, {"客户资料.csv": CUSTOMERS.rstrip("\n")})
    of_type = next(c for c in found["customer"].columns if c.header == "客户类别")
    assert dict(of_type.reason.facts)["values"] == 2


def test_the_columns_of_a_databases_queries_are_proposed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPERATOR_URL", f"sqlite:///{tmp_path / 'operator.db'}")
    with sqlite3.connect(tmp_path / "operator.db") as connection:
        connection.execute("CREATE TABLE KH (KH_BH TEXT, CUST_TYPE TEXT, CUST_ID TEXT)")
        connection.execute(
            "INSERT INTO KH VALUES ('1', '个人', 'c1'), ('2', '政企', 'c2')"
        )
    spec = {"url_env": "OPERATOR_URL", "tables": {"customer": "SELECT * FROM KH"}}
    (tmp_path / "operator.yml").write_text(yaml.safe_dump(spec))
    text = draw_proposal(map_source(tmp_path / "operator.yml", "2026-10"), "en")
    (tmp_path / "names.yml").write_text(text, encoding="utf-8")
    own = load_mapping(tmp_path / "names.yml").tables["customer"]
    assert (
        own.columns == {"CUST_TYPE": "customer_type", "CUST_ID": "customer_id"}
        and own.file == ()
    )
    assert own.codes == {"customer_type": {"个人": "individual", "政企": "group"}}
    with pytest.raises(UsageError):
        map_source(tmp_path / "operator.yml", None)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("客户资料_202610.csv", "客户资料_*.csv"),
        ("客户资料-2026-10-31.xlsx", "客户资料-*.xlsx"),
        ("用户2026年10月.csv", "用户*.csv"),
        ("arrears_20261031.csv.gz", "arrears_*.csv.gz"),
        ("KH001.csv", "KH001.csv"),
    ],
)
def test_a_month_in_a_files_name_becomes_a_star(name: str, pattern: str) -> None:
    assert generalise_file(name) == pattern


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("客户资料_202610.csv", "customer"),
        ("客户经理.xlsx", "account_manager"),
        ("安平_客户归属_202610.csv", "ownership"),
        ("欠费清单.csv", "receivable"),
        ("BILL_INFO_202610.csv.gz", "bill"),
        ("套餐变更.csv", "plan_change"),
        ("通讯录.csv", None),
    ],
)
def test_a_file_is_named_after_the_table_whose_longest_name_stands_in_it(
    name: str, table: str | None
) -> None:
    assert name_of_table(name) == table
