"""The command that looks at the installation itself."""

from __future__ import annotations

from dataclasses import asdict

import typer

from pipelines.cli.shared import DEFAULT_HOME, AsJson, Home, Lang, Speaker, app
from pipelines.doctor import OK, Check, examine, raise_worst
from pipelines.words.texts import label

_MARKS = {"ok": "✓", "warn": "!", "fail": "✗"}


@app.command()
def doctor(home: Home = DEFAULT_HOME, lang: Lang = None, as_json: AsJson = False) -> None:
    """Say whether this installation is sound, and how to mend what is not; nothing is changed."""
    speaker = Speaker(lang, as_json)
    checks = examine(home)
    told = [asdict(check) | {"message": tell(check, speaker.language)} for check in checks]
    speaker.show(told, lambda: _draw(checks, speaker.language))
    raise_worst(checks)


def tell(check: Check, language: str) -> str:
    """Say what a check found and, where it is not well, what to do."""
    ending = "" if check.state == OK else ".mend"
    return label(language, f"doctor.{check.finding}{ending}", **check.facts)


def _draw(checks: list[Check], language: str) -> None:
    for check in checks:
        typer.echo(f"{_MARKS[check.state]} {label(language, f'doctor.name.{check.name}')}: {tell(check, language)}")
