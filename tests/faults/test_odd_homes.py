"""A home may be called anything that a file system takes: apostrophes, line breaks and what means something in a URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.forge import Forge
from tests.faults.home import BEFORE, run_args

ODD = 'it\'s "the" home\nof 100% a#b%20c 客户 $HOME; ${HOME}'


@pytest.mark.slow
def test_a_home_of_an_odd_name_is_a_home(
    forge: Forge, source: Path, tmp_path: Path
) -> None:
    home, out = tmp_path / ODD / "home", tmp_path / ODD / "out"
    month = str(BEFORE)
    (tmp_path / "back.csv").write_text(
        "order_id,outcome\n202607-x,paid\n", encoding="utf-8"
    )
    words: list[tuple[int, list[str | Path]]] = [
        (0, [*run_args(source, home, BEFORE)]),
        (0, ["status", month]),
        (0, ["lists", month]),
        (0, ["verify", month]),
        (12, ["outcomes", tmp_path / "back.csv"]),
        (0, ["metrics", "--out", out / "retention.prom"]),
        (0, ["backup", "--to", out / "archives"]),
        (0, ["export", month, "--out", out / "books"]),
    ]
    for wanted, command in words:
        where: list[str | Path] = [] if "--home" in command else ["--home", home]
        code, said = forge.run(*command, *where, "--lang", "en")
        assert code in {wanted, 12}, (command[0], code, said)
    assert (home / "office.sqlite3").exists() and sorted(
        path.name for path in tmp_path.iterdir()
    ) == ["back.csv", ODD]


@pytest.mark.parametrize("mark", ["*", "?", "["])
def test_a_home_that_the_engine_would_take_for_a_pattern_is_refused(
    mark: str, forge: Forge, source: Path, tmp_path: Path
) -> None:
    home = tmp_path / f"a{mark}b"
    code, said = forge.run(*run_args(source, home, BEFORE), "--lang", "en")
    assert code == 2 and mark in said and not home.exists()
