"""Screens of eighty columns: whole words, names, what is big first, and nobody's name."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from pipelines.cli.screens import tables
from pipelines.cli.screens.months import say_retrain
from pipelines.cli.screens.record import draw_restatement
from pipelines.cli.screens.tables import draw_grid
from pipelines.jobs.restate import Restatement
from tests.cli.conftest import Retention
from tests.support.small import MONTH

TITLES = ("名称", "数", "原因", "代码")
ROWS = [
    [
        "城关支局",
        "12",
        "已在其他清单派单 3; 拒绝联系 4",
        "dispatch_list_of_a_long_name",
    ],
    ["城东支局", "7", "", "another_code"],
]


def drawn(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> list[str]:
    monkeypatch.setattr(tables, "_FILE_WIDTH", width)
    draw_grid(TITLES, ROWS, {1}, wrapped={2}, spare=(3, 1))
    return capsys.readouterr().out.splitlines()


def test_columns_go_before_words_break(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = drawn(capsys, monkeypatch, 120)
    assert "dispatch_list_of_a_long_name" in wide[2]
    narrow = drawn(capsys, monkeypatch, 60)
    assert "代码" not in narrow[0] and "数" in narrow[0]
    narrowest = drawn(capsys, monkeypatch, 30)
    assert "数" not in narrowest[0] and any("城关支局" in line for line in narrowest)


def test_a_column_that_says_nothing_is_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    draw_grid(("a", "b"), [["x", "–"], ["y", ""]], wrapped=())
    assert "b" not in capsys.readouterr().out.splitlines()[0]
    draw_grid(("a", "b"), [], wrapped=())
    assert "b" in capsys.readouterr().out.splitlines()[0]


def test_names_stand_for_codes(retention: Retention, copied: Path) -> None:
    said = retention("kpi", MONTH, "--lang", "zh").out
    assert "期初在网用户中离网" in said and "排名" not in said  # of the company alone
    ranked = retention("kpi", MONTH, "--scope", "branch", "--lang", "zh").out
    assert "未认领" in ranked and "unclaimed" not in ranked
    state = retention("status", MONTH, "--lang", "zh").out
    outputs = [line.strip() for line in state.splitlines()]
    assert not any(line.startswith("churn_rate.") for line in outputs)
    assert any(line.startswith("离网率 · 期初在网用户中离网:") for line in outputs)


def test_a_figure_opens_with_what_makes_it_big(
    retention: Retention, copied: Path
) -> None:
    said = retention("figure", "arpu", MONTH, "--lang", "zh")
    if said.code:  # the first month held has no mean base
        said = retention("figure", "unclaimed_rate", MONTH, "--lang", "zh")
    lines = said.out.splitlines()
    start = next(n for n, line in enumerate(lines) if "客户编号" in line) + 2
    place = [title.strip() for title in lines[start - 2].split("┃")].index("分子")
    numerators = [
        float(line.split("│")[place]) for line in lines[start:] if "│" in line
    ]
    assert numerators == sorted(numerators, reverse=True) and numerators[0] > 0
    assert "HYPERLINK" not in said.out


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("age", "模型已旧"),
        ("calibration involuntary", "欠费离网的评分与实际发生的不符"),
        ("label_rate voluntary", "主动离网的比例与训练时不同"),
        ("stability tenure_months", "tenure_months的分布与训练时不同"),
    ],
)
def test_why_a_model_is_to_be_trained_is_said_in_words(reason: str, said: str) -> None:
    assert say_retrain(reason, "zh") == said
    assert "{" not in say_retrain(reason, "en")
    assert say_retrain(reason, "en") != reason


def test_a_restatement_tells_points_of_ratios_and_names_lists(
    capsys: pytest.CaptureFixture[str],
) -> None:
    figure = {
        "kpi": "arrears_rate", "variant": "t1_amount", "scope_kind": "company", "scope_id": "company",
    }  # fmt: skip
    moved = Decimal("-0.0448")
    restatement = SimpleNamespace(
        kpis=[
            figure
            | {"status_published": "released", "status_known": "released"}
            | {"value_published": Decimal("0.5518"), "value_known": Decimal("0.5070")}
            | {"value_difference": moved}
        ],
        causes=[figure | {"cause": "bill", "value_change": moved}],
        orders=[{"list": "renewal", "change": "changed", "cause": "bill"}],
    )
    draw_restatement(cast(Restatement, restatement), ["bill"], "zh")
    said = capsys.readouterr().out
    assert "55.18%" in said and "50.70%" in said
    assert said.count("-4.48pp") == 2 and "-4.48%" not in said
    assert "到期续约" in said and "renewal" not in said
