"""What is held of a list's SQL file and of a KPI's, beside what holds for every SQL file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlglot import exp

from pipelines.catalogue.front_matter import ShownIn
from pipelines.catalogue.outputs import Kpi, list_places, load_kpis, load_lists
from pipelines.catalogue.spec import Spec, load_named_specs
from pipelines.core.errors import SpecError
from pipelines.jobs.specs.spec_errors import blame_place
from pipelines.rooms.dispatch import FIXED as LIST_COLUMNS
from pipelines.text.evidence import FIXED as FACTS
from pipelines.text.evidence import OFTEN, find_places

_DUE_COLUMN = "due_on"
_OF_THE_MONTH = ("month", "last_day")

# -- lists -----------------------------------------------------------------------------------------


def check_lists() -> None:
    """Raise SpecError for the first list whose priority, columns or sentences are wrong."""
    by_priority: dict[int, Spec] = {}
    for spec in load_lists():
        priority = spec.meta["priority"]
        other = by_priority.setdefault(priority, spec)
        if other is not spec:
            by = other.where
            raise blame_place(spec, ["priority"], "taken", value=priority, by=by)

        _check_list_columns(spec)
        _check_sentence(spec, ["evidence"], spec.meta["evidence"])
        for place, sentence in enumerate(spec.meta["script"]):
            _check_sentence(spec, ["script", place], sentence)


def _check_list_columns(spec: Spec) -> None:
    """A list's first columns are those that dispatch reads.

    `due_on` only where the front matter names a column.
    """
    wanted = list(LIST_COLUMNS)
    if "column" not in spec.meta["due"]:
        wanted.remove(_DUE_COLUMN)
    first_columns = list(spec.column_names[: len(wanted)])
    if first_columns != wanted:
        raise SpecError(
            "spec.list_columns",
            where=spec.where,
            line=spec.sql_line,
            wanted=", ".join(wanted),
        )


def _check_sentence(
    spec: Spec, where: list[str | int], texts: Mapping[str, Any]
) -> None:
    """The sentence of a list has, in both languages, the same places, all of them known.

    So are the facts it is true by.
    """
    known = _list_known_places(spec)
    untrue = ", ".join(sorted(set(texts.get("by", ())) - known))
    if untrue:
        raise blame_place(spec, [*where, "by"], "unknown_place", what=untrue)
    for language in ("zh", "en"):
        text = texts[language]
        unknown = ", ".join(sorted(find_places(text) - known))
        if unknown:
            raise blame_place(spec, [*where, language], "unknown_place", what=unknown)
        if text.count("[") != text.count("]"):
            raise blame_place(spec, [*where, language], "brackets")

    in_one_language = find_places(texts["zh"]) ^ find_places(texts["en"])
    if in_one_language:
        what = ", ".join(sorted(in_one_language))
        raise blame_place(spec, where, "one_language", what=what)


def _list_known_places(spec: Spec) -> set[str]:
    """Return what a sentence may name.

    Facts of an order, of the month, columns, and texts (reason codes).
    """
    known = {*FACTS, *OFTEN, *_OF_THE_MONTH, *spec.column_names}
    for literal in spec.find_parts(exp.Literal):
        if literal.is_string:
            known.add(literal.name)
    return known


# -- KPIs ------------------------------------------------------------------------------------------


def check_kpis() -> None:
    """Raise SpecError for the first KPI file whose variants, stem, columns or default are wrong."""
    files = list(load_kpis())
    file_of: dict[tuple[str, str], Kpi] = {}
    for kpi in files:
        for variant in kpi.variants:
            other = file_of.setdefault((kpi.name, variant), kpi)
            if other is not kpi:
                by = other.spec.where
                place = ["variants", variant]
                raise blame_place(kpi.spec, place, "taken", value=variant, by=by)

        _check_stem(kpi)
        _check_kpi_columns(kpi)
    _check_places_shown(files)
    for kpi in files:
        _check_default(kpi)


def _check_default(kpi: Kpi) -> None:
    """The file that a KPI's default variant is named in is the one that computes it."""
    default = kpi.meta["default"]
    is_default_file = "." not in kpi.spec.name
    if is_default_file and default not in kpi.variants:
        raise blame_place(kpi.spec, ["default"], "no_variant", value=default)


def _check_places_shown(files: Iterable[Kpi]) -> None:
    """No two KPIs have one place in a section, and a variant that is shown there is one."""
    taken: dict[tuple[str, int], str] = {}
    variants = {f"{kpi.name}.{variant}" for kpi in files for variant in kpi.variants}
    for spec in load_named_specs("kpi").values():
        for section in ShownIn.model_fields:
            where = ["shown_in", section]
            for name, place in list_places(spec, section).items():
                other = taken.setdefault((section, place), name)
                if other != name:
                    raise blame_place(spec, where, "taken", value=place, by=other)
                if "." in name and name not in variants:
                    raise blame_place(spec, where, "no_variant", value=name)


def _check_stem(kpi: Kpi) -> None:
    """A file of a further variant (`arrears_rate.services.sql`) is named after it."""
    _, dot, variant = kpi.spec.name.partition(".")
    if dot and variant not in kpi.variants:
        raise blame_place(kpi.spec, ["variants"], "not_its_stem", value=variant)


def _check_kpi_columns(kpi: Kpi) -> None:
    """A KPI returns its parts by customer, or by scope, under the names that the room sums."""
    found = set(kpi.spec.column_names)
    wanted = _list_wanted_columns(kpi, found)
    if found != wanted:
        raise SpecError(
            "spec.kpi_columns",
            where=kpi.spec.where,
            line=kpi.spec.sql_line,
            found=", ".join(sorted(found)),
            wanted=", ".join(sorted(wanted)),
        )


def _list_wanted_columns(kpi: Kpi, found: set[str]) -> set[str]:
    """Return the columns that the room sums, by what the front matter says of the value."""
    value_kind = kpi.meta.get("value")
    wanted = {"customer_id", "numerator"}
    if kpi.meta["unit"] != "count" and value_kind != "given":
        wanted.add("denominator")
    if len(kpi.variants) > 1:
        wanted.add("variant")
    if value_kind == "mean":
        wanted.add("part")
    if kpi.meta.get("interval") == "given":
        wanted |= {"interval_low", "interval_high"}
    if kpi.meta.get("scopes") == "own" or "scope_kind" in found:
        wanted |= {"scope_kind", "scope_id"}
    return wanted
