"""The review page: offline, in both languages, with what a person needs to decide, drawn from the card."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from models.judging.judgement import compare, describe_maker, list_records
from pipelines.documents.pages.review import write_review
from pipelines.jobs.training.shelf import list_versions
from pipelines.store.champions import models_folder
from pipelines.text.texts import LANGUAGES, fill_label
from tests.models.test_registry import make_card
from tests.support.scored import scored_operator
from tests.support.small import MONTH, own_settings, read

VOID = {"meta", "br", "rect", "line", "circle", "polyline"}


class Reader(HTMLParser):
    """What a page holds: texts, addresses, elements by name."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.names: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.addresses += [
            str(value) for name, value in attrs if name in ("src", "href", "action")
        ]

    def handle_data(self, data: str) -> None:
        self.text += data


def look(page: Path) -> Reader:
    reader = Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    return reader


def card() -> dict[str, Any]:
    seen = list_versions(scored_operator().home, own_settings())[0].card
    assert seen is not None
    told: dict[str, Any] = json.loads(json.dumps(asdict(seen)))
    return told | {"version": seen.version}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_month_s_review_is_offline_and_whole(language: str) -> None:
    version = scored_operator().version
    page = look(version.path / "outbox" / f"review.{language}.html")
    assert (
        page.addresses == []
        and "script" not in page.names
        and page.names.count("polyline") >= 2
    )
    assert not re.search(
        r"https?:|@import|url\(",
        (version.path / "outbox" / f"review.{language}.html").read_text(),
    )
    told = card()
    wanted = [
        told["version"],
        told["model_hash"],
        told["sklearn_version"],
        told["months"][0],
        told["months"][-1],
        *told["features"],
    ]
    assert [text for text in wanted if text not in page.text] == []
    for key in (
        "review.gain",
        "review.reliability",
        "review.slices",
        "review.watch",
        "review.population",
    ):
        assert fill_label(language, key) in page.text
    subjects = {
        row["subject"] for row in read(version, "score_watch", measure="stability")
    }
    assert subjects and all(subject in page.text for subject in subjects)
    assert "retention promote" not in page.text  # it is in use already


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_left_untranslated(language: str) -> None:
    page = look(scored_operator().version.path / "outbox" / f"review.{language}.html")
    assert not re.search(r"(review|model|reason|why)\.[a-z_]+", page.text)


def test_the_challenger_s_page_asks_and_says_how_to_decide(tmp_path: Path) -> None:
    write_review(tmp_path / "page.html", MONTH, "en", card(), is_challenger=True)
    page = look(tmp_path / "page.html")
    assert (
        f"Should model {card()['version']} become champion?" in page.text
        and "retention promote" in page.text
    )
    assert fill_label("en", "review.not_watched") in page.text


def test_a_model_that_was_never_judged_says_so(tmp_path: Path) -> None:
    told = card() | {
        "judged": {"reasons": {}},
        "notes": {
            "judged": "history too short",
            "missing features_points": "absent: loyalty",
        },
    }
    write_review(tmp_path / "page.html", MONTH, "zh", told)
    text = look(tmp_path / "page.html").text
    assert fill_label("zh", "review.not_judged") in text and "缺少 loyalty" in text


def outcome(
    chances: list[float], hits: list[int], slice_of: str = "B1"
) -> dict[str, Any]:
    import pandas as pd

    rows = pd.DataFrame({"model": chances, "outcome": hits, "value": 100.0})
    rows["customer_id"] = [f"c{number}" for number in range(len(rows))]
    rows["champion"] = rows["rule"] = 1.0 - rows["model"]
    told = describe_maker(rows, "model", {"branch": pd.Series([slice_of] * len(rows))})
    return told | {
        "makers": compare(rows, ["model"], ["rule"], 0.1),
        "contest": compare(rows, ["model", "champion"], [], 0.1),
    }


def test_champion_and_challenger_and_a_slice_that_is_off_are_told(
    tmp_path: Path,
) -> None:
    hits = [1] * 60 + [0] * 340
    told = outcome([0.2 - number / 4000 for number in range(400)], hits)
    told["slices"]["branch"].append(
        {
            "slice": "B<2>",
            "rows": 100,
            "observed_rate": 0.4,
            "predicted_rate": 0.1,
            "auc": None,
            "log_loss": 0.6,
        }
    )
    judged = {
        "months": ["2026-05"], "rows": 400, "capacity_share": 0.1, "reasons": {},
        "champion": {"version": "2026-01-aaaaaaaaaaaa", "months": ["2026-05"], "rows": 400}, "outcomes": {"voluntary": told},
    }  # fmt: skip
    facts = asdict(make_card(judged=judged)) | {"version": "2026-06-bbbbbbbbbbbb"}
    write_review(tmp_path / "page.html", MONTH, "en", facts, is_challenger=True)
    page, raw = (
        look(tmp_path / "page.html"),
        (tmp_path / "page.html").read_text(encoding="utf-8"),
    )
    assert "this model is better than the champion by +1.000 AUC" in page.text
    assert "2026-01-aaaaaaaaaaaa" in page.text and "1 off" in page.text
    assert "B&lt;2&gt;" in raw and raw.count('class="off"') == 1


def test_the_page_is_written_beside_the_version() -> None:
    home = scored_operator().home
    version = list_versions(home, own_settings())[0].version
    pages = sorted(path.name for path in (models_folder(home) / version).glob("*.html"))
    assert pages == [f"review.{language}.html" for language in LANGUAGES]


def test_records_are_plain() -> None:
    import numpy as np
    import pandas as pd

    made = list_records(
        pd.DataFrame(
            {"a": [np.float64(1.5), np.nan], "b": [np.int64(2), 3], "c": ["x", None]}
        )
    )
    assert made == [
        {"a": 1.5, "b": 2, "c": "x"},
        {"a": None, "b": 3, "c": None},
    ] and json.dumps(made)
