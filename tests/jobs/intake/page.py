"""`docs/delivery.md` and its Chinese twin, drawn from the contract: `python -m tests.jobs.intake.page` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.catalogue.contract_texts import load_contract_texts
from pipelines.catalogue.outputs import load_lists
from pipelines.core.contract import Column, Table, load_contract
from pipelines.core.paths import ROOT
from pipelines.jobs.intake.coverage import KPI, LIST, Output
from pipelines.jobs.intake.needs import find_basic_outputs, find_needs

HEADS = Path(__file__).parent / "heads"
PATHS = {"en": ROOT / "docs" / "delivery.md", "zh": ROOT / "docs" / "delivery.zh-CN.md"}
_FEW = 4  # so many names are named in a cell, more are counted

_WORDS = {
    "en": {
        "required": "required",
        "optional": "optional",
        "head": "| column | header | meaning | kind | example | needed by |",
        "unlocks": "Without it these are not computed: {names}.",
        "unlocks_nothing": "No KPI and no list stands or falls with it alone.",
        "basic": "Needed for everything.",
        "key": "One row for each {key}.",
        "kpis": "{n} KPI variants",
        "lists": "{n} lists",
        "and": ", ",
        "alone": "With the three required tables and only their required columns, once earlier months are held: {names}.",
        "or": " / ",
    },
    "zh": {
        "required": "必交",
        "optional": "可选",
        "head": "| 列 | 中文表头 | 含义 | 类型 | 示例 | 用于 |",
        "unlocks": "缺它则算不出：{names}。",
        "unlocks_nothing": "没有哪个指标或名单单靠它。",
        "basic": "一切指标和名单都要它。",
        "key": "每个 {key} 一行。",
        "kpis": "{n} 个指标口径",
        "lists": "{n} 个名单",
        "and": "、",
        "alone": "只交三张必交表的必填列，在以前月份都有的情况下可得：{names}。",
        "or": " / ",
    },
}
_KINDS = {
    "id": {"en": "id", "zh": "编码"},
    "text": {"en": "text", "zh": "文本"},
    "phone": {"en": "number to call", "zh": "电话号码"},
    "date": {"en": "date", "zh": "日期"},
    "timestamp": {"en": "date and time", "zh": "时间"},
    "month": {"en": "month", "zh": "年月"},
    "money": {"en": "yuan, two decimals", "zh": "金额（元，两位小数）"},
    "quantity": {"en": "number", "zh": "数值"},
    "integer": {"en": "whole number", "zh": "整数"},
    "bool": {"en": "true / false", "zh": "是 / 否"},
    "year": {"en": "year", "zh": "年份"},
}


def draw(language: str) -> str:
    """Return the page in a language."""
    words = _WORDS[language]
    basic = _names(find_basic_outputs(), language)
    head = (HEADS / f"delivery.{language}.md").read_text(encoding="utf-8")
    parts = [head.replace("{alone}", words["alone"].format(names=basic))]
    parts += [_draw_table(table, language) for table in load_contract().values()]
    return "\n".join(parts)


def _draw_table(table: Table, language: str) -> str:
    words, text = _WORDS[language], load_contract_texts()[table.name]
    state = words["required" if table.required else "optional"]
    outputs = find_needs().get(table.name, ())
    unlocks = (
        words["unlocks"].format(names=_names(outputs, language))
        if outputs
        else words["unlocks_nothing"]
    )
    key = words["key"].format(key=" + ".join(f"`{name}`" for name in table.key))
    lines = [
        f"### `{table.name}` · {text.title[language]} ({state})"
        if language == "en"
        else "",
        f"### `{table.name}` · {text.title[language]}（{state}）"
        if language == "zh"
        else "",
        "",
        f"{_sentence(text.rows[language], language)}{key} {words['basic'] if table.required else unlocks}",
        "",
        words["head"],
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [_draw_column(table, column, language) for column in table.columns]
    return "\n".join(line for n, line in enumerate(lines) if line or n > 1) + "\n"


def _sentence(text: str, language: str) -> str:
    return f"{text[0].upper()}{text[1:]}. " if language == "en" else f"{text}。"


def _draw_column(table: Table, column: Column, language: str) -> str:
    text = load_contract_texts()[table.name].columns[column.name]
    examples = _WORDS[language]["or"].join(
        f"`{value}`" for value in text.examples if value
    )
    needed = (
        ""
        if column.required
        else _names(find_needs().get(f"{table.name}.{column.name}", ()), language)
    )
    name = f"**`{column.name}`**" if column.required else f"`{column.name}`"
    cells = (
        name,
        text.header,
        text.meaning[language],
        _kind(column, language),
        examples,
        needed,
    )
    return f"| {' | '.join(cells)} |"


def _kind(column: Column, language: str) -> str:
    if column.kind == "enum":
        return " ".join(f"`{value}`" for value in column.values)
    return _KINDS[column.kind][language]


def _names(outputs: Sequence[Output], language: str) -> str:
    """Name outputs while they are few, else count them."""
    words, titles = (
        _WORDS[language],
        {spec.name: spec.title(language) for spec in load_lists()},
    )
    made = {kind: [o.name for o in outputs if o.kind == kind] for kind in (KPI, LIST)}
    kpis = [f"`{name}`" for name in made[KPI]]
    named = [titles[name] for name in made[LIST]]
    parts = kpis if len(kpis) <= _FEW else [words["kpis"].format(n=len(kpis))]
    parts = parts + (
        named if len(named) <= _FEW else [words["lists"].format(n=len(named))]
    )
    return words["and"].join(parts)


if __name__ == "__main__":
    for tongue, path in PATHS.items():
        path.write_text(draw(tongue), encoding="utf-8")
