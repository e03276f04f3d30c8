"""`docs/bad_inputs.md`, drawn from the registry: `python -m tests.bad_inputs.document` writes it."""

from __future__ import annotations

from pathlib import Path

from pipelines.text.texts import fill_label, load_labels
from tests.bad_inputs import container, keys, shape, values
from tests.bad_inputs.month import MONTH, Planting
from tests.bad_inputs.registry import CASES, INPUTS, BadInput, Case, Expected

assert container and keys and shape and values  # the cases register themselves

PATH = Path(__file__).parents[2] / "docs" / "bad_inputs.md"
_TEST = "tests/bad_inputs/test_bad_inputs.py::"
_HEAD = """# Bad inputs

What becomes of the 62 inputs of `research/ux_reliability.md` section 4, each planted into a clean month and run,
and, from 63 on, of what an attack on the office added.
Written by `python -m tests.bad_inputs.document` from the registry of the tests; a test holds it to them.

- **N**: read as what it plainly means. The month's tables equal those of the clean month, byte for byte, and what was
  normalised is counted (`snapshot_normalised`) or noted with the file (`extract_delivery`); both are on the summary page.
- **Q**: the row goes to quarantine (`retention show quarantine MONTH`) with file, line, column, value and rule; all other
  rows are accepted, and rows in = accepted + repeats + quarantined.
- **R**: the table is refused by name. A required table ends the month with exit 13; an optional one is left out, what needs
  it is not computed, and the run ends with 12. `R (gate)`: the outputs made of it are withheld, the others released.

| # | input | verdict | what a user sees | tests |
| --- | --- | --- | --- | --- |
"""


def draw() -> str:
    """The page."""
    return _HEAD + "".join(_line(bad) for _, bad in sorted(INPUTS.items()))


def _line(bad: BadInput) -> str:
    cases = [case for case in CASES if case.number == bad.number]
    verdict = (
        f"**{bad.verdict}**"
        + (f" (listed: {bad.listed})" if bad.chosen else "")
        + (f": {bad.why}" if bad.why else "")
    )
    sees = list(
        dict.fromkeys(
            [*([bad.sees] if bad.sees else []), *(_seen(case) for case in cases)]
        )
    )
    tests = [f"`{_id(case)}`" for case in cases] + [
        f"`{test.removeprefix('tests/bad_inputs/')}`" for test in bad.tests
    ]
    cells = (bad.text, verdict, "<br>".join(sees), "<br>".join(tests))
    return (
        f"| {bad.number} | "
        + " | ".join(cell.replace("|", "\\|") or "–" for cell in cells)
        + " |\n"
    )


def _id(case: Case) -> str:
    return f"test_refused[{case.id}-*]" if case.tables else f"test_read[{case.id}]"


def _seen(case: Case) -> str:
    table = case.tables[-1] if case.tables else None
    expected = case.put(Planting(), table)
    return {"N": _normalised, "Q": _set_aside, "R": _refused}[expected.verdict](
        expected
    )


def _normalised(expected: Expected) -> str:
    counted = [
        f"{n} × {_form(form)} in {table}.{column}"
        for (table, column, form), n in expected.forms.items()
    ]
    noted = [f"{name}: {_plain(text)}" for name, text in expected.noted.items()]
    repeats = [f"{expected.repeats} exact repeats dropped"] if expected.repeats else []
    return "N: " + ("; ".join([*counted, *noted, *repeats]) or "read as it is")


def _form(form: str) -> str:
    return "another form" if form == "*" else fill_label("en", f"form.{form}")


def _plain(text: str) -> str:
    return f"`{text}`".replace("\t", "\\t")


def _set_aside(expected: Expected) -> str:
    own = [
        bad for bad in expected.bad if not (bad.rule or "").startswith("unknown_")
    ] or list(expected.bad)
    places = dict.fromkeys(
        (f"{bad.table}.{bad.column}" if bad.column else bad.table, bad.rule)
        for bad in own
    )
    return "Q: " + "; ".join(
        f"{place}: {f'`{rule}`' if rule else 'a rule of its own'}"
        for place, rule in places
    )


def _refused(expected: Expected) -> str:
    if f"error.{expected.key}" not in load_labels("en"):
        return f"R: `{expected.key}`"
    open_facts = dict.fromkeys(
        ("places", "utf8_lines", "gb18030_lines", "rows", "file"), "…"
    )  # what a case does not fix
    facts = {"month": MONTH, **open_facts, **expected.facts}
    return "R: " + fill_label("en", f"error.{expected.key}", **facts)


if __name__ == "__main__":
    PATH.write_text(draw(), encoding="utf-8")
