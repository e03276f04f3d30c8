"""The command that answers for one customer: on which lists, why, and what came of it."""

from __future__ import annotations

from pipelines.cli.shared import DEFAULT_HOME, AsJson, Home, Lang, Speaker, app
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.sources.changes import read_changes
from pipelines.store.lake import MonthFolder
from pipelines.words.dispatch import draw_lists_of, lists_of


@app.command()
def why(
    customer_id: str,
    month: str,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Say on which lists a customer is, by what evidence, and whose order he is or why he is left out."""
    speaker = Speaker(lang, as_json)
    folder = MonthFolder(home, Month.parse(month))
    changes = read_changes(load_settings().office_database(home), folder.month)
    rows = lists_of(folder.version(), customer_id, speaker.language, changes)
    speaker.show(rows, lambda: draw_lists_of(rows, speaker.language))
    if rows:
        return
    speaker.say("asked.none", customer_id=customer_id, month=month)
