"""What a SQL file may not say or read is refused before a month is begun, with 10, its file and its line."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.catalogue import spec
from pipelines.catalogue.lineage import list_table_columns, trace_origin, trace_sources
from pipelines.core.errors import SpecError
from pipelines.core.paths import SQL
from pipelines.jobs.specs.check_specs import check_specs
from pipelines.text.texts import LANGUAGES, describe_error


def clear_caches() -> None:
    for cached in (
        spec.load_room_specs,
        spec.load_named_specs,
        check_specs,
        list_table_columns,
        trace_origin,
        trace_sources,
    ):
        cached.cache_clear()


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Our SQL files in a folder of their own, which the code reads instead."""
    folder = tmp_path / "sql"
    shutil.copytree(SQL, folder)
    monkeypatch.setattr(spec, "SQL", folder)
    monkeypatch.setattr("pipelines.jobs.specs.check_specs.SQL", folder)
    monkeypatch.setattr(
        "pipelines.jobs.specs.check_specs.DEFINITIONS",
        folder / "kpi" / "definitions.yml",
    )
    clear_caches()
    yield folder
    clear_caches()


Change = Callable[[str], str]


def put(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


INVITE = "dispatch/activity_invite"
ARPU, CHURN, RENEWAL, USAGE, TRAILING, LATE = (
    "kpi/arpu",
    "kpi/churn_rate",
    "dispatch/renewal",
    "features/usage",
    "features/trailing",
    "kpi/arrears_rate.services",
)
REFUSED: dict[str, tuple[str, Change, str]] = {
    "unit": (ARPU, put("unit: amount", "unit: percent"), "'percent'"),
    "better": (ARPU, put("better: higher", "better: up"), "'up'"),
    "key": (ARPU, put("period:", "perod:"), "perod"),
    "default": (ARPU, put("default: mean_base", "default: mean"), "default"),
    "no_variants": (
        ARPU,
        lambda text: re.sub(r"(?s)variants:.*?\n---", "---", text),
        "variants",
    ),
    "stem": (LATE, put("  services:", "  service:"), "services"),
    "no_version": (ARPU, put("version: 1\n", ""), "version"),
    "shown": (CHURN, put("headline: 3", "headline: 2"), "arrears_rate"),
    "shown_variant": (
        ARPU,
        put("variants:", "shown_in: {kept: {mean: 9}}\nvariants:"),
        "arpu.mean",
    ),
    "window": (TRAILING, put("is_zero_usage}", "is_zero_use}"), "is_zero_use_0"),
    "window_key": (TRAILING, put("  slope:", "  slopes:"), "windows.slope"),
    "purpose": (RENEWAL, put("purpose: marketing", "purpose: sales"), "'sales'"),
    "priority": (RENEWAL, put("priority: 60", "priority: 100"), "100"),
    "type": (RENEWAL, put("holdout: true", "holdout: maybe"), "'maybe'"),
    "due": (RENEWAL, put("{column: due_on}", "{column: due_on, day: 3}"), "due"),
    "place": (
        RENEWAL,
        lambda text: text.replace("{value_at_risk}", "{value_of_risk}"),
        "value_of_risk",
    ),
    "english": (
        RENEWAL,
        put(", en: Call before the end and talk about a renewal", ""),
        "action.en",
    ),
    "key_column": (USAGE, put("key: [service_id]", "key: [service]"), "service"),
    "tolerates": (USAGE, put("key:", "tolerates: [bill]\nkey:"), "bill"),
    "needs": (USAGE, put("key:", "needs: [usage.nothing]\nkey:"), "usage.nothing"),
    "column": (USAGE, put("u.sms_count", "u.sms_counts"), "sms_counts"),
    "bare_column": (ARPU, put("revenue AS numerator", "revenu AS numerator"), "revenu"),
    "table": (USAGE, put("snapshot_usage", "snapshot_usages"), "snapshot_usages"),
    "later_room": (
        USAGE,
        put("snapshot_usage AS u", "kpi_monthly AS u"),
        "kpi_monthly",
    ),
    "parameter": (INVITE, put(":next_first_day", ":next_day"), "next_day"),
    "outcome": (RENEWAL, put("outcomes: [renewed]", "outcomes: [renew]"), "renewed"),
    "common_outcome": (
        RENEWAL,
        put("outcomes: [renewed]", "outcomes: [refused]"),
        "renewed",
    ),
    "no_outcomes": (RENEWAL, put("outcomes: [renewed]\n", ""), "outcomes"),
    "claim": (RENEWAL, put("  by: [manager_id]\n", ""), "script"),
    "untrue": (RENEWAL, put("by: [manager_id]", "by: [wish]"), "wish"),
    "denominator": (LATE, put("denominator: count", "denominator: fen"), "fen"),
    "sql": (USAGE, put("LEFT JOIN", "LEFT JOIN JOIN"), ""),
    "open_text": (RENEWAL, put("'contract_end'", "'contract_end"), ""),
    "two": (ARPU, lambda text: f"{text};\nSELECT 1 AS a\n", "SELECT"),
    "kpi_columns": (LATE, put("1 AS denominator", "1 AS bottom"), "bottom"),
    "definition": (
        ARPU,
        put("0.5 AS denominator", "0.6 AS denominator"),
        'arpu: {1: "',
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_file_may_not_say_is_refused_with_its_line(
    tree: Path, name: str
) -> None:
    stem, change, said = REFUSED[name]
    path = tree / f"{stem}.sql"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        check_specs()
    for language in LANGUAGES:
        text = describe_error(language, caught.value)
        assert f"sql/{stem}.sql" in text and said in text
        assert re.search(r"line \d+|第 \d+ 行", text)
    assert caught.value.exit_code == 10


def test_the_line_is_that_of_the_file(tree: Path) -> None:
    path = tree / "features" / "usage.sql"
    lines = (
        path.read_text(encoding="utf-8")
        .replace("u.sms_count", "u.sms_counts")
        .splitlines()
    )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        check_specs()
    assert "sms_counts" in lines[int(str(caught.value.facts["line"])) - 1]


def test_a_kpi_without_its_fingerprint_says_the_line_to_add_and_is_taken_with_it(
    tree: Path,
) -> None:
    definitions = tree / "kpi" / "definitions.yml"
    definitions.write_text(
        re.sub(r"(?m)^arpu:.*\n", "", definitions.read_text(encoding="utf-8")),
        encoding="utf-8",
    )
    with pytest.raises(SpecError, match="spec.no_definition") as caught:
        check_specs()
    with definitions.open("a", encoding="utf-8") as stream:
        stream.write(f"{caught.value.facts['add']}\n")
    clear_caches()
    check_specs()
