"""The fault bench as a page: totals, control, one line a fault, and what was not caught."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tests.proof.faults.verdicts import Control, Result

KINDS = ("container", "shape", "key", "value", "book")

HEAD = """# The fault bench

Made by `make bench-faults`; every figure is counted, none is written by hand. Each fault of `twin/faults/registry.py` is
planted into the newest month of a synthetic operator of about 2,000 lines (five operators in turn, five months each), and
the month goes through all rooms, gate included.

- **Must** is what the registry says has to come of a fault; **seen** is what came of it, beyond what the clean month says:
  rows set aside count when there are as many as were spoilt, findings when they did not fail in the clean month.
- **Affected** outputs are derived: the value differs from that of the clean month. A KPI variant counts as two outputs, the
  company and its parts together; a list's value is what it would say were it the only one, so that what other lists took
  of a manager's time is no difference.
- Affected outputs are **withheld** (or not computed), carry a **caveat** that the clean month does not have, or are **open**.
- The last three columns are of outputs that say what they say in the clean month: withheld; withheld and not even made of
  what is damaged, by lineage (**astray**); with a new caveat. Damaged are the columns the fault was planted in, and the
  tables that lost rows to quarantine. The gate knows the columns, not what the figures would have been without the
  fault: that an output made of a damaged column happens to say the same is luck, and it is held all the same. What is
  astray is wrong. A month that a fault stops altogether has no outputs.
"""

AFTER = """The fault stands in the month before; this month's delivery is clean. Lists that stay open, and the
rate of points, follow the orders that the bad month really made (who has one cools down): with other orders they would
differ, but they are right."""


def draw_page(
    results: Sequence[Result], after: Sequence[Result], control: Sequence[Control]
) -> str:
    """Draw the page in Markdown."""
    parts = [HEAD, _totals(results), _control(control), _faults("Every fault", results)]
    if after:
        parts.append(_faults("In the month after", after, AFTER, with_must=False))
    return "\n".join([*parts, _shortfalls(results, after), ""])


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return (
        "\n".join(
            "| " + " | ".join(str(cell) for cell in line) + " |" for line in lines
        )
        + "\n"
    )


_COUNTED = (
    "affected",
    "withheld",
    "caveat",
    "open",
    "unaffected: withheld",
    "astray",
    "caveat",
)


def _counts(results: Sequence[Result]) -> list[int]:
    """The figures under `_COUNTED`."""
    affected = [
        sum(r.count(status) for r in results)
        for status in ("withheld", "caveat", "released")
    ]
    wrong = [
        [name for r in results for name in r.wrongly(status)]
        for status in ("withheld", "caveat")
    ]
    astray = [name for r in results for name in r.astray()]
    return [sum(affected), *affected, len(wrong[0]), len(astray), len(wrong[1])]


def _totals(results: Sequence[Result]) -> str:
    groups = [(kind, [r for r in results if r.fault.kind == kind]) for kind in KINDS]
    rows = [
        _total(kind, found)
        for kind, found in [*groups, ("**all**", list(results))]
        if found
    ]
    header = ["kind", "planted", "to be caught", "caught", "as it must", *_COUNTED]
    return "## Totals\n\n" + _table(header, rows)


def _total(kind: str, results: Sequence[Result]) -> list[object]:
    harmful = [r for r in results if r.fault.must not in ("nothing", "normalised")]
    right = sum(r.is_as_it_must for r in results)
    return [
        kind,
        len(results),
        len(harmful),
        sum(r.is_caught for r in harmful),
        right,
        *_counts(results),
    ]


def _control(control: Sequence[Control]) -> str:
    held = [name for month in control for name in month.withheld]
    rules = Counter(finding for month in control for finding in month.findings)
    rows = sorted(rules.items(), key=lambda item: (-item[1], item[0]))
    text = (
        f"## {len(control)} clean months\n\nOutputs: {sum(m.outputs for m in control)}; withheld: {len(held)}"
        f"{' (' + ', '.join(sorted(set(held))) + ')' if held else ''}; with a caveat: {sum(m.caveats for m in control)}. "
        "Rules that failed:\n\n"
    )
    return text + _table(["rule", "months"], rows)


def _faults(
    title: str, results: Sequence[Result], intro: str = "", *, with_must: bool = True
) -> str:
    header = [
        "fault",
        "what is wrong",
        "rows",
        *(("must", "seen") if with_must else ()),
        *_COUNTED,
    ]
    rows = [_line(result, with_must=with_must) for result in results]
    return f"## {title}\n\n" + (f"{intro}\n\n" if intro else "") + _table(header, rows)


def _line(result: Result, *, with_must: bool) -> list[object]:
    fault = result.fault
    seen = (
        f"month stopped: `{result.stopped}`"
        if result.stopped
        else ", ".join(result.seen) or "nothing"
    )
    verdict = (
        [fault.must, seen if result.is_as_it_must else f"**{seen}**"]
        if with_must
        else []
    )
    counts: list[object] = (
        ["–"] * len(_COUNTED) if result.stopped else list(_counts([result]))
    )
    return [
        f"`{fault.name}`",
        fault.en.replace("|", "\\|"),
        result.rows,
        *verdict,
        *counts,
    ]


def _shortfalls(results: Sequence[Result], after: Sequence[Result]) -> str:
    """Name what did not come out as it must, the outputs that were wrong and free, and those held for nothing."""
    everything = [*results, *after]
    wrong = [
        (r, f"must be {r.fault.must}, was {', '.join(r.seen) or 'not noticed'}")
        for r in results
    ]
    open_ = [
        (r, _names(r.affected, "released")) for r in everything if r.count("released")
    ]
    astray = [
        (r, f"{', '.join(r.astray())} (by {', '.join(r.findings)})")
        for r in everything
        if r.astray()
    ]
    groups = {
        "Not as it must": [(r, text) for r, text in wrong if not r.is_as_it_must],
        "Affected and open": open_,
        "Withheld astray": astray,
    }
    return "\n".join(
        f"## {title}\n\n" + _bullets(found) for title, found in groups.items()
    )


def _bullets(found: Sequence[tuple[Result, str]]) -> str:
    lines = (
        f"- `{r.fault.name}`{' (a month ago)' if r.is_late else ''}: {text}\n"
        for r, text in found
    )
    return "".join(lines) or "None.\n"


def _names(outputs: Mapping[str, str], status: str) -> str:
    return ", ".join(sorted(name for name, found in outputs.items() if found == status))
