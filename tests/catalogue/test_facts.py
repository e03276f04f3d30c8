"""What is remembered of the SQL files: the same as is worked out, and nothing that does not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import pytest

from pipelines.catalogue import facts
from pipelines.catalogue.facts import Facts, find_facts_file
from pipelines.core.paths import ROOT


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "facts.json"


class Asked:
    """Counts how often it is asked to work a fact out."""

    def __init__(self, fact: object) -> None:
        self.fact = fact
        self.times = 0

    def __call__(self) -> object:
        self.times += 1
        return self.fact


def remember(file: Path, fact: object = "a fact") -> Facts:
    kept = Facts(file)
    kept.recall("kind", ["SELECT 1"], lambda: fact)
    kept.save()
    return kept


def test_a_fact_is_worked_out_once(file: Path) -> None:
    remember(file, {"columns": ["b", "a"], "of": {"z": 1, "a": None}})
    again = Asked("another")
    found = Facts(file).recall("kind", ["SELECT 1"], again)
    assert json.dumps(found) == '{"columns": ["b", "a"], "of": {"z": 1, "a": null}}'
    assert again.times == 0


@pytest.mark.parametrize("asked", [("other", ["SELECT 1"]), ("kind", ["SELECT 2"])])
def test_another_question_has_an_answer_of_its_own(
    file: Path, asked: tuple[str, list[str]]
) -> None:
    remember(file)
    assert Facts(file).recall(*asked, lambda: "another") == "another"


def test_a_caller_may_change_what_is_told(file: Path) -> None:
    kept = remember(file, ["a"])
    kept.recall("kind", ["SELECT 1"], list).append("b")
    assert kept.recall("kind", ["SELECT 1"], list) == ["a"]


@pytest.mark.parametrize("fact", [("a", "tuple"), {1: "a"}, {"a", "set"}])
def test_what_would_come_back_changed_is_not_remembered(
    file: Path, fact: object
) -> None:
    remember(file, fact)
    again = Asked(fact)
    assert Facts(file).recall("kind", ["SELECT 1"], again) == fact
    assert again.times == 1


def test_what_cannot_be_worked_out_is_not_remembered(file: Path) -> None:
    kept = Facts(file)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            kept.recall("kind", ["SELECT 1"], lambda: 1 // 0)


def cut(text: str) -> str:
    return text[: len(text) // 2]


def lose_a_letter(text: str) -> str:
    return text.replace("a fact", "a fakt")


def be_of_other_code(text: str) -> str:
    head, _, body = text.partition("\n")
    return json.dumps(json.loads(head) | {"maker": "another"}) + "\n" + body


@pytest.mark.parametrize(
    "spoil",
    [cut, lose_a_letter, be_of_other_code, lambda text: "", lambda text: "[]\n{}"],
)
def test_a_file_that_does_not_fit_counts_as_none(
    file: Path, spoil: Callable[[str], str]
) -> None:
    remember(file)
    file.write_text(spoil(file.read_text(encoding="utf-8")), encoding="utf-8")
    again = Asked("worked out")
    kept = Facts(file)
    assert kept.recall("kind", ["SELECT 1"], again) == "worked out"
    kept.save()
    assert Facts(file).recall("kind", ["SELECT 1"], Asked(None)) == "worked out"


def test_a_file_that_is_no_text_counts_as_none(file: Path) -> None:
    remember(file)
    file.write_bytes(b"\xff\x00" * 100)
    assert Facts(file).recall("kind", ["SELECT 1"], lambda: "anew") == "anew"


def test_a_folder_that_cannot_be_made_keeps_nothing_and_stops_nobody(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    remember(tmp_path / "file" / "facts.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def write_often(file: Path, own: int) -> None:
    for number in range(20):
        kept = Facts(file)
        for other in range(50):
            kept.recall("kind", [own, number, other], lambda: "x" * 500)
        kept.save()


def test_writers_at_once_leave_a_whole_file(file: Path) -> None:
    context = get_context("fork")
    writers = [context.Process(target=write_often, args=(file, n)) for n in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        if file.exists():
            head, _, body = file.read_text(encoding="utf-8").partition("\n")
            assert json.loads(head)["sha256"] and json.loads(body)
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_facts_of_files_that_are_no_more_are_given_up(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "_MOST_FACTS", 3)
    old = Facts(file)
    for number in range(3):
        old.recall("old", [number], lambda: "old")
    old.save()
    remember(file)
    assert len(json.loads(file.read_text(encoding="utf-8").partition("\n")[2])) == 1


def test_they_stand_with_the_compiled_code() -> None:
    """Not in a home, not in a folder of a delivery, not where the environment says alone."""
    assert find_facts_file().parent == ROOT / "pipelines" / "catalogue" / "__pycache__"
