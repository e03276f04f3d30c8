"""Labels: who left, why, when it is known, and who does not take part."""

from __future__ import annotations

import pandas as pd
import pytest

from models.labels import keep_ids, make_labels

MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04"]


def make_panel(**histories: str) -> pd.DataFrame:
    """A word a month: a(ctive), s(topped for arrears), r(equested), p(re-terminated), t:<reason>, - (no row);
    a trailing 0 means not billed, a trailing ! a smaller plan."""
    status = {
        "a": "active",
        "s": "suspended_arrears",
        "r": "suspended_request",
        "p": "pre_terminated",
        "t": "terminated",
    }
    rows = []
    for service, history in histories.items():
        for month, word in zip(MONTHS, history.split(), strict=False):
            if word != "-":
                letter, _, reason = word.rstrip("0!").partition(":")
                rows.append(
                    (
                        service,
                        month,
                        status[letter],
                        not word.endswith("0"),
                        reason or None,
                        word.endswith("!"),
                    )
                )
    names = [
        "service_id",
        "month",
        "status",
        "is_billed",
        "termination_reason",
        "is_down_migrated",
    ]
    return pd.DataFrame(rows, columns=names)


def label(history: str, month: str = "2026-01", **settings: int) -> pd.Series:
    labels = make_labels(make_panel(one=history, other="a a a a"), **settings)
    return labels[(labels["service_id"] == "one") & (labels["month"] == month)].iloc[0]


@pytest.mark.parametrize(
    ("history", "outcome"),
    [
        ("a a a", "stay"),
        ("a a a!", "down_migration"),
        ("a a! a", "stay"),  # moved down in the grace month
        ("a a t:port_out", "voluntary"),
        ("a a t:relocation", "voluntary"),
        ("s s t:arrears", "involuntary"),
        ("a a t:arrears", "involuntary"),
        ("a a p", "voluntary"),  # waits to be dismantled, without a reason
        ("a s p", "involuntary"),
        ("a s -", "involuntary"),  # gone from the file, last seen stopped
        ("a a -", "voluntary"),
        ("a r -", "voluntary"),
        ("s a -", "voluntary"),  # had paid before he went
        (
            "a a p t:arrears",
            "involuntary",
        ),  # waits to be dismantled, and the reason comes a month later
        ("s s p t:port_out", "voluntary"),
        (
            "a s p a",
            "involuntary",
        ),  # back later: whatever is told then is of another leaving
        ("a - a", "stay"),  # not in the grace month's file, and back
    ],
)
def test_outcome(history: str, outcome: str) -> None:
    found = label(history)
    assert (found["state"], found["outcome"]) == ("labelled", outcome)


def test_who_leaves_in_the_grace_month_takes_no_part() -> None:
    assert label("a t:port_out -")["state"] == "left_in_grace"
    assert pd.isna(label("a t:port_out -")["outcome"])
    assert label("a t:port_out -", grace=0)["outcome"] == "voluntary"


def test_a_window_that_is_not_over_is_open_and_has_no_outcome() -> None:
    for month in ("2026-03", "2026-04"):
        assert label("a a a a", month)["state"] == "open" and pd.isna(
            label("a a a a", month)["outcome"]
        )
    assert label("a a a a", "2026-02")["state"] == "labelled"
    assert label("a a a a", "2026-02", window=2)["state"] == "open"


def test_a_month_that_is_not_held_leaves_the_label_open() -> None:
    panel = make_panel(one="a a a a", two="a a a t:port_out")
    labels = make_labels(panel[panel["month"] != "2026-02"])
    assert (
        labels.set_index(["service_id", "month"])["state"].loc[("one", "2026-01")]
        == "open"
    )


def test_the_base_is_the_net() -> None:
    labels = make_labels(make_panel(one="p p p", two="s a a", three="t:other - -"))
    assert set(labels["service_id"]) == {"two"}


def test_the_three_flags_are_kept_apart() -> None:
    flags = ["is_absent", "is_ended", "is_not_billed"]
    assert label("a a a0")[flags].tolist() == [False, False, True]
    assert label("a a t:other")[flags].tolist() == [False, True, False]
    absent = label("a a -")
    assert (
        absent["is_absent"]
        and not absent["is_ended"]
        and pd.isna(absent["is_not_billed"])
    )
    assert label("a a a0")["outcome"] == "stay"  # not billed is no leaving


def test_a_window_of_two_months_takes_the_reason_of_the_month_he_left_in() -> None:
    found = label("a a t:arrears -", window=2)
    assert (found["outcome"], found["is_reason_known"], found["is_absent"]) == (
        "involuntary",
        True,
        True,
    )
    assert label("a a a t:port_out", window=2)["outcome"] == "voluntary"
    assert label("a a - a", window=2)["outcome"] == "stay"


def test_reason_is_known_only_where_given() -> None:
    assert bool(label("a a t:other")["is_reason_known"])
    assert not bool(label("a a -")["is_reason_known"])
    assert pd.isna(label("a a a")["is_reason_known"])


def test_a_panel_without_down_migration_has_no_such_outcome() -> None:
    panel = make_panel(one="a a a!").drop(columns="is_down_migrated")
    assert make_labels(panel)["outcome"].dropna().tolist() == ["stay"]


def test_a_sample_by_hash_is_the_same_customers_every_month() -> None:
    ids = pd.Series([f"C{number:06d}" for number in range(20_000)])
    kept = keep_ids(ids, 0.2)
    assert abs(kept.mean() - 0.2) < 0.01
    assert (keep_ids(ids[::-1], 0.2)[::-1] == kept).all()
    assert (keep_ids(ids, 0.5) >= kept).all() and (
        keep_ids(ids, 0.2, salt="other") != kept
    ).any()
