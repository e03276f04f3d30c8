"""The papers of the scored month."""

from __future__ import annotations

from functools import cache

from pipelines.documents.reports.model import Chart, Paper, Table, Text
from pipelines.documents.reports.write import make_month_paper
from tests.support.scored import scored_operator


@cache
def paper(language: str) -> Paper:
    return make_month_paper(scored_operator().version, language, is_draft=True)


def blocks(of: Paper) -> list[Text | Table | Chart]:
    return [block for section in of.sections for block in section.blocks]
