"""Front matters and settings broken by one mutation each: refused with 10 or 2, file and line, and never a traceback."""

from __future__ import annotations

import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from pipelines.catalogue import expectations, spec
from pipelines.catalogue.check_rules import check_rules
from pipelines.catalogue.lineage import list_table_columns, trace_origin, trace_sources
from pipelines.catalogue.outputs import load_kpis
from pipelines.catalogue.scorecard import RULES, load_rules
from pipelines.core.calendar import Calendar
from pipelines.core.errors import RetentionError
from pipelines.core.month import Month
from pipelines.core.paths import EXPECTATIONS, SQL
from pipelines.delivery.config import load_deliveries
from pipelines.jobs.specs.check_specs import check_specs
from pipelines.store.waivers import FILE, read_waivers
from pipelines.text.texts import LANGUAGES, describe_error

ROUNDS = 200
SEED = 20260828
MONTH = Month(2026, 8)
DELIVERY = """\
since: 2026-08
language: zh
channels:
  share:
    kind: folder
    path: /srv/share
    what: [manager, branch]
  group:
    kind: robot
    type: dingtalk
    url_file: /run/secrets/robot
    timeout: 10
"""
CALENDAR = "holidays: [2027-02-06, 2027-02-07]\nworking_days: [2027-02-14]\n"
GATE = "bill.branch_volatility: {severity: info}\nusage.column_values_to_be_between:sms_count: {mostly: 0.95}\n"
WAIVER = '{"finding": "bill.unit_jump", "why": "checked", "until": "2026-12", "by": "li", "at": "2026-09-01T00:00:00"}\n'


# -- mutations: one thing in a text ------------------------------------------------------------------------------


def lines_of(text: str) -> list[str]:
    return text.split("\n")


def change_a_key(dice: random.Random, text: str) -> str:
    keys = list(re.finditer(r"(?m)^(\s*(?:- )?)([a-z_]+)(?=:)", text))
    if not keys:
        return text + "\n  : :"
    key = dice.choice(keys)
    return f"{text[: key.start(2)]}{key[2]}x{text[key.end(2) :]}"


def change_a_value(dice: random.Random, text: str) -> str:
    values = list(re.finditer(r"(?m)(?<=: )([^\n{\[>|]+)$", text))
    if not values:
        return text.replace(":", ": [", 1)
    value = dice.choice(values)
    other = dice.choice(
        [
            "percent",
            "-7",
            "[a, b]",
            "{a: b}",
            "2026-13-45",
            "",
            "~",
            "!!python/object:os.system x",
            "é\\x00",
        ]
    )
    return f"{text[: value.start()]}{other}{text[value.end() :]}"


def drop_a_line(dice: random.Random, text: str) -> str:
    lines = lines_of(text)
    lines.pop(dice.randrange(len(lines)))
    return "\n".join(lines)


def repeat_a_line(dice: random.Random, text: str) -> str:
    lines = lines_of(text)
    place = dice.randrange(len(lines))
    return "\n".join([*lines[:place], lines[place], *lines[place:]])


def indent_a_line(dice: random.Random, text: str) -> str:
    lines = lines_of(text)
    place = dice.randrange(len(lines))
    lines[place] = f"   {lines[place]}"
    return "\n".join(lines)


def spoil_a_character(dice: random.Random, text: str) -> str:
    place = dice.randrange(len(text))
    return text[:place] + dice.choice("{}[]:'\"*&!%@`\t,#-") + text[place + 1 :]


def cut(dice: random.Random, text: str) -> str:
    return text[: dice.randrange(len(text))]


def rename_a_word(dice: random.Random, text: str) -> str:
    words = list(re.finditer(r"\b[a-z]+(?:_[a-z]+)+\b", text))
    if not words:
        return text + " nowhere_to_be_found"
    word = dice.choice(words)
    return f"{text[: word.start()]}{word[0]}_x{text[word.end() :]}"


MUTATIONS: list[Callable[[random.Random, str], str]] = [
    change_a_key,
    change_a_value,
    drop_a_line,
    repeat_a_line,
    indent_a_line,
    spoil_a_character,
    cut,
    rename_a_word,
]


# -- what is broken ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Subject:
    """A kind of file: a good text and where it stands, and what reads it as a run does."""

    name: str
    pick: Callable[[random.Random], tuple[Path, str]]
    read: Callable[[Path], object]


def clear_caches() -> None:
    for cached in (
        spec.load_room_specs,
        spec.load_named_specs,
        check_specs,
        check_rules,
        list_table_columns,
        trace_origin,
        trace_sources,
    ):
        cached.cache_clear()


def check_everything() -> None:
    """What a run looks at before it begins a month."""
    check_specs()
    list(load_kpis())


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Our SQL files and expectations in a folder of their own, which the code reads instead."""
    folder = tmp_path_factory.mktemp("tree")
    shutil.copytree(SQL, folder / "sql")
    shutil.copytree(EXPECTATIONS, folder / "expectations")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spec, "SQL", folder / "sql")
        patch.setattr("pipelines.jobs.specs.check_specs.SQL", folder / "sql")
        patch.setattr(
            "pipelines.jobs.specs.check_specs.DEFINITIONS",
            folder / "sql" / "kpi" / "definitions.yml",
        )
        patch.setattr(expectations, "EXPECTATIONS", folder / "expectations")
        patch.setattr(
            "pipelines.catalogue.check_rules.EXPECTATIONS", folder / "expectations"
        )
        clear_caches()
        yield folder
    clear_caches()


def subjects(tree: Path, folder: Path) -> list[Subject]:
    own = folder / "own.yml"

    def one_of(root: Path, pattern: str) -> Callable[[random.Random], tuple[Path, str]]:
        files = sorted(root.glob(pattern))

        def pick(dice: random.Random) -> tuple[Path, str]:
            path = dice.choice(files)
            return path, path.read_text(encoding="utf-8")

        return pick

    def fixed(
        text: str, path: Path = own
    ) -> Callable[[random.Random], tuple[Path, str]]:
        return lambda dice: (path, text)

    return [
        Subject(
            "front matter",
            one_of(tree / "sql", "*/*.sql"),
            lambda path: check_everything(),
        ),
        Subject(
            "expectations",
            one_of(tree / "expectations", "*.yml"),
            lambda path: check_rules(None),
        ),
        Subject(
            "definitions",
            one_of(tree / "sql" / "kpi", "definitions.yml"),
            lambda path: check_everything(),
        ),
        Subject("scorecard", fixed(RULES.read_text(encoding="utf-8")), load_rules),
        Subject("calendar", fixed(CALENDAR), Calendar.load),
        Subject("delivery", fixed(DELIVERY), load_deliveries),
        Subject("gate file", fixed(GATE), check_rules),
        Subject(
            "waivers",
            fixed(WAIVER, folder / FILE),
            lambda path: read_waivers(path.parent),
        ),
    ]


def mutate(dice: random.Random, subject: Subject, text: str) -> str:
    """Break one thing of a file; of a SQL file, of its block as often as of its SELECT."""
    mutation = dice.choice(MUTATIONS)
    if subject.name != "front matter":
        return mutation(dice, text)
    parts = re.match(r"(?s)(/\* ---\n)(.*?)(\n--- \*/\n.*)", text)
    assert parts is not None
    begin, block, end = parts.groups()
    if dice.random() < 0.6:
        return begin + mutation(dice, block) + end
    return (
        begin
        + block
        + dice.choice([spoil_a_character, cut, rename_a_word, rename_a_word])(dice, end)
    )


def end_of(subject: Subject, path: Path) -> RetentionError | None:
    """Read a file as a run does; return what refused it. Anything else that is raised is a traceback, and fails here."""
    try:
        subject.read(path)
    except RetentionError as error:
        return error
    return None


@pytest.mark.slow
def test_two_hundred_broken_files_end_with_10_or_2_and_never_with_a_traceback(
    tree: Path, tmp_path: Path
) -> None:
    dice = random.Random(SEED)
    ends: Counter[tuple[str, int]] = Counter()
    kinds = subjects(tree, tmp_path)
    weights = [6, 4, 1, 2, 2, 2, 2, 1]
    for _ in range(ROUNDS):
        (subject,) = dice.choices(kinds, weights)
        path, text = subject.pick(dice)
        existed = path.exists()
        path.write_text(mutate(dice, subject, text), encoding="utf-8")
        clear_caches()
        error = end_of(subject, path)
        path.write_text(text, encoding="utf-8") if existed else path.unlink()
        ends[subject.name, error.exit_code if error else 0] += 1
        # Waivers are a record that the office keeps: torn by hand they are torn, with their line.
        known = (17,) if subject.name == "waivers" else (10, 2)
        assert error is None or error.exit_code in known, f"{path}: {error}"
        for language in LANGUAGES:
            # A SQL file that gives other columns than before is told at the file that reads them.
            named = (
                r"sql/\w+/[\w.]+\.(sql|yml)"
                if subject.name == "front matter"
                else re.escape(path.name)
            )
            assert error is None or re.search(named, describe_error(language, error)), (
                str(error)
            )
    print(f"\n{dict(sorted(ends.items()))}")
    refused = sum(count for (_, code), count in ends.items() if code)
    assert sum(ends.values()) == ROUNDS and refused > ROUNDS / 2


def test_the_files_are_good_before_they_are_broken(tree: Path, tmp_path: Path) -> None:
    clear_caches()
    for subject in subjects(tree, tmp_path):
        path, text = subject.pick(random.Random(1))
        path.write_text(text, encoding="utf-8")
        subject.read(path)
    assert yaml.safe_load(DELIVERY) and yaml.safe_load(CALENDAR)
