"""What the office answers for one customer: a complaint, an opt-out, the hold-out, three lists, a manager who left."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines import cli
from pipelines.documents.workbooks.export import export_month
from pipelines.rooms.context import Context
from pipelines.store.lake import MonthFolder, Version
from tests.support.small import KEY, MONTH, Town, only, read, run_town

QUIET = [f"quiet{i}" for i in range(6)]


def people() -> Town:
    """A branch where each of the five stands, and six quiet customers of whom about half are held out."""
    town = Town().header_only("trouble_ticket", "receivable")
    town.add("account_manager", manager_id="M9", name="离任", is_active="false")
    town.person("angry").owe("angry").add("trouble_ticket", customer_id="angry")
    town.person("private", personalisation_opt_out="true", revenue="900.00")
    town.person("threefold").owe("threefold", "80.00", "2026-07-02")
    town.add(
        "service",
        service_id="threefold-2",
        customer_id="threefold",
        service_type="broadband",
    )
    town.add(
        "bill",
        bill_id="threefold-2/x",
        service_id="threefold-2",
        customer_id="threefold",
        billed_amount="60.00",
    )
    town.add(
        "receivable", bill_id="threefold-2/y", service_id="threefold-2", customer_id="threefold",
        bill_month=MONTH.plus(-1), open_amount="60.00", due_on="2026-08-02",
    )  # fmt: skip
    town.person("orphan", manager="M9").owe("orphan")
    for who in QUIET:
        town.person(who, calls=0)
    for who in ("angry", "private", "orphan", *QUIET):
        town.add("vip_card", card_id=f"K-{who}", customer_id=who)
    return town


def score(context: Context) -> None:
    """Stand in for a champion, which a town of ten cannot train: whoever pays most is likeliest to go."""
    context.write(
        "score_churn",
        """
        SELECT
            $month AS month,
            s.service_id,
            s.customer_id,
            CAST(CASE WHEN r.revenue > 500 THEN 0.5 ELSE 0.05 END AS DOUBLE) AS p_voluntary,
            CAST(0.01 AS DOUBLE) AS p_involuntary,
            CAST(NULL AS DOUBLE) AS p_down_migration,
            CASE WHEN r.revenue > 500 THEN 1 ELSE 2 END AS decile,
            'price' AS reason_1,
            NULL::VARCHAR AS reason_2,
            NULL::VARCHAR AS reason_3,
            'stand-in' AS model_version
        FROM features_service AS s JOIN features_revenue AS r ON r.customer_id = s.customer_id
        """,
        ["service_id"],
        {"month": str(context.month)},
    )


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Version:
    folder = tmp_path_factory.mktemp("why_not")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.rooms.score.run", score)
        return run_town(
            folder / "home", people(), folder / "source", holdout_share="0.5"
        )


@pytest.fixture
def ask(
    month: Version, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run `retention` on the month's home and return what it prints."""
    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)
    monkeypatch.setenv("COLUMNS", "200")
    home = month.path.parents[2]

    def run(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["retention", *words, "--home", str(home)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert end.value.code == 0
        return capsys.readouterr().out

    return run


def held_out(month: Version) -> str:
    orders = read(month, "dispatch_order", arm="holdout")
    customer: str = orders[0]["customer_id"]
    return customer


def reasons(month: Version, customer: str) -> dict[str, tuple[str, str | None]]:
    rows = read(month, "dispatch_why_not", customer_id=customer)
    return {r["list"]: (r["reason"], r["detail"]) for r in rows}


def test_each_has_the_reason_that_is_his(month: Version) -> None:
    assert reasons(month, "angry") == {"arrears": ("complaint", None)}
    assert reasons(month, "private") == {"churn_risk": ("opted_out", None)}
    assert reasons(month, "orphan") == {"arrears": ("no_manager", "M9")}
    assert reasons(month, "threefold") == {
        "fixed_arrears": ("other_list", "arrears"),
        "card_issue": ("other_list", "arrears"),
    }
    assert reasons(month, held_out(month)) == {"vip_zero_usage": ("holdout", None)}


def test_on_three_lists_he_has_one_order_that_names_the_others(month: Version) -> None:
    order = only(read(month, "dispatch_order", customer_id="threefold"))
    assert (order["list"], order["also_on"], order["arm"]) == (
        "arrears",
        "card_issue;fixed_arrears",
        "treated",
    )


def test_show_prints_a_line_for_each(month: Version, ask: Callable[..., str]) -> None:
    lines = ask("show", "dispatch_why_not", str(MONTH), "--lang", "en").splitlines()
    cells = [[cell.strip() for cell in line.split("│")] for line in lines]
    said = {tuple(row[1:4]) for row in cells if row[0] == str(MONTH)}
    assert said >= {
        ("arrears", "angry", "complaint"),
        ("churn_risk", "private", "opted_out"),
        ("vip_zero_usage", held_out(month), "holdout"),
        ("fixed_arrears", "threefold", "other_list"),
        ("card_issue", "threefold", "other_list"),
        ("arrears", "orphan", "no_manager"),
    }


@pytest.mark.parametrize(
    ("customer", "sentences"),
    [
        (
            "angry",
            [
                "手机欠费 50.00 元，共 1 个号码，最早 2026-08-01 到期，账龄 30 天",
                "未派单：有未结高级投诉",
            ],
        ),
        (
            "private",
            [
                "离网概率 50.0%，近三个月月均消费 900.00 元，每月预期损失 450.00 元",
                "未派单：",
            ],
        ),
        (
            "threefold",
            [
                "欠费 80.00 元",
                "已派单 202608-",
                "由 M1 负责",
                "账龄 60 天",
                "（相关：arrears）",
                "金卡会员",
            ],
        ),
        ("orphan", ["（相关：M9）"]),
        ("nobody", ["nobody 不在 2026-08 的任何清单上"]),
    ],
)
def test_why_answers_in_sentences(
    ask: Callable[..., str], customer: str, sentences: list[str]
) -> None:
    said = ask("why", customer, str(MONTH), "--lang", "zh")
    assert all(sentence in said for sentence in sentences), said


def test_why_answers_programs_too(month: Version, ask: Callable[..., str]) -> None:
    (row,) = json.loads(ask("why", held_out(month), str(MONTH), "--json"))
    facts: dict[str, Any] = {
        "list": "vip_zero_usage",
        "why_not": "holdout",
        "order": None,
    }
    assert facts.items() <= row.items()


def test_lists_prints_the_places_and_what_one_more_is_worth(
    month: Version, ask: Callable[..., str]
) -> None:
    said = ask("lists", str(MONTH), "--lang", "en")
    assert "One place more" in said and "Places go by the order of the lists" in said
    rows = {
        (r["scope_kind"], r["scope_id"]): r for r in read(month, "dispatch_capacity")
    }
    assert (
        rows["branch", "B1"]["capacity"] == 100
        and rows["company", "company"]["capacity"] == 150
    )
    assert ("manager", "M9") not in rows and rows["manager", "M2"]["used_count"] == 0


def test_who_is_held_out_is_in_no_workbook(month: Version, tmp_path: Path) -> None:
    from tests.documents.test_export import everything

    held = [r["customer_id"] for r in read(month, "dispatch_order", arm="holdout")]
    books = export_month(MonthFolder(month.path.parents[2], MONTH), tmp_path, "en")
    text = "\n".join(everything(book) for book in books)
    assert (
        held
        and "threefold" in text
        and not [customer for customer in held if f"'{customer}'" in text]
    )
