"""Models as the command line shows them."""

from __future__ import annotations

from typing import Any

import typer

from pipelines.cli.screens.views import draw_grid
from pipelines.text.texts import label, reason_in_words

OUTCOMES = ("voluntary", "involuntary")
FIGURES = ("auc", "average_precision", "log_loss", "calibration_error", "lift_10")


def draw_card(content: dict[str, Any], language: str) -> None:
    """Say what was fitted, on what, how it did on months it did not see, and who decides."""
    facts = {
        "version": content["version"],
        "rows": content["rows"],
        "months": len(content["months"]),
    }
    typer.echo(label(language, "cli.trained", trained_through=content["trained_through"], **facts))
    body = [
        [label(language, f"model.{outcome}"), *_figures(content["metrics"], outcome)]
        for outcome in OUTCOMES
    ]
    draw_grid(
        ["", *(label(language, f"model.{name}") for name in FIGURES)],
        body,
        range(1, len(FIGURES) + 1),
    )
    for about, note in content["notes"].items():
        what = (
            f"{label(language, f'model.note.{about.split()[0]}')} {about.partition(' ')[2]}".rstrip(
                " :："
            )
        )
        typer.echo(f"  {what}: {reason_in_words(language, note)}")
    for page in content["pages"]:
        typer.echo(label(language, "cli.review", page=page))
    typer.echo(label(language, "cli.trained_next", version=content["version"]))
    typer.echo(label(language, "cli.uplift", what=_uplift_in_words(content["uplift"], language)))


def _uplift_in_words(uplift: dict[str, Any], language: str) -> str:
    """Say how an uplift model did beside the risk, or why there is none."""
    if uplift["version"] is None:
        return str(uplift["why_not"])
    qini = {name: f"{uplift[name]:+.5f}" for name in ("model", "risk", "low", "high")}
    verdict = "wins" if uplift["wins"] else "loses"
    return label(
        language,
        f"cli.uplift_{verdict}",
        version=uplift["version"],
        held_out=uplift["held_out"],
        **qini,
    )


def draw_models(content: list[dict[str, Any]], language: str) -> None:
    """Draw a line a version, and below it who made it champion and why."""
    if not content:
        typer.echo(label(language, "cli.models_none"))
        return
    told = [(outcome, name) for outcome in OUTCOMES for name in ("auc", "log_loss")]
    body = []
    for row in content:
        if row.get("kind") == "uplift":
            continue
        figures = [_figure(row.get("metrics", {}), f"{outcome}_{name}") for outcome, name in told]
        body.append(
            [row["version"], "✓" if row["is_champion"] else "", str(row.get("rows", "–")), *figures]
        )
    titles = [f"{label(language, f'model.{o}')}, {label(language, f'model.{n}')}" for o, n in told]
    draw_grid(
        [*(label(language, f"model.{name}") for name in ("version", "champion", "rows")), *titles],
        body,
        range(2, 7),
    )
    for row in content:
        if row.get("kind") == "uplift":
            qini = {
                name: _figure(row.get("metrics", {}), f"qini_{name}") for name in ("uplift", "risk")
            }
            mark = "✓" if row["is_champion"] else ""
            typer.echo(
                f"{row['version']} {mark}".rstrip()
                + ": "
                + label(language, "cli.models_uplift", **qini)
            )
        if row["refused"]:
            typer.echo(f"{row['version']}: {reason_in_words(language, row['refused'])}")
        for promotion in row["promotions"]:
            said = {"at": promotion["at"], "by": promotion["by"], "why": promotion["why"] or "–"}
            typer.echo(f"{row['version']}: {label(language, 'cli.models_promoted', **said)}")


def _figures(metrics: dict[str, float], outcome: str) -> list[str]:
    return [_figure(metrics, f"{outcome}_{name}") for name in FIGURES]


def _figure(metrics: dict[str, float], name: str) -> str:
    return f"{metrics[name]:.4f}" if name in metrics else "–"
