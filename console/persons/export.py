"""One person's data in their hands: all that is kept under their key, for people and programs.

Written by an errand, for it reads every table of every month; kept for a day, readable by its owner
alone, and then removed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.forms.models import model_to_dict
from django.template.loader import render_to_string
from django.utils import timezone, translation

from console.accounts.models import AccessEntry
from console.models import Answer, ConsentEntry, ContactMark, Errand, Order, OrderChange
from console.persons.explaining import explain_decisions
from console.persons.notes import NOTE, SAID, open_words
from console.persons.reading import group_changes, list_current_versions
from pipelines.catalogue.tables import load_tables
from pipelines.documents.table_files import make_json_value
from pipelines.operations.backup import PERSONS
from pipelines.store.files import write_text
from pipelines.store.lake import Version
from pipelines.store.persons.vault import read_open_rows
from pipelines.text.texts import load_labels

FOLDER = PERSONS
FORMS = {"json": "data.json", "zh": "data.zh.html", "en": "data.en.html"}
KEPT = timedelta(days=1)
# The rooms whose tables are about single customers. What the operator delivered is in `snapshot`.
_ROOMS = ("snapshot", "features", "score", "dispatch", "feedback")
_LANGUAGES = {"zh": "zh-hans", "en": "en"}
Tables = dict[str, list[dict[str, Any]]]


def write_export(home: Path, errand: Errand) -> Mapping[str, Any]:
    """Write what is kept of the person that an errand is about; return how much it is."""
    remove_old_exports(home)
    customer_id = errand.subject
    content = {
        "customer_id": customer_id,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "office": read_office(customer_id),
        "months": {
            str(version.month): read_month_of(version, customer_id)
            for version in list_current_versions(home)
        },
    }
    folder = home / FOLDER / str(errand.pk)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = json.dumps(content, ensure_ascii=False, indent=1, default=make_json_value)
    write_text(folder / FORMS["json"], text)
    for language in _LANGUAGES:
        page = _draw_page(home, content, language)
        write_text(folder / FORMS[language], page)
    tables: int = sum(len(tables) for tables in content["months"].values())
    return {"tables": tables, "months": len(content["months"])}


def find_export(home: Path, errand: Errand, form: str) -> Path | None:
    """Return the file that an errand wrote; None of one that is removed by now."""
    is_over = errand.ended_at is None or timezone.now() - errand.ended_at > KEPT
    if form not in FORMS or is_over:
        return None
    path = home / FOLDER / str(errand.pk) / FORMS[form]
    return path if path.is_file() else None


def remove_old_exports(home: Path) -> None:
    """Remove what was written more than a day ago."""
    limit = (timezone.now() - KEPT).timestamp()
    for folder in (home / FOLDER).glob("*"):
        if folder.is_dir() and folder.stat().st_mtime < limit:
            shutil.rmtree(folder, ignore_errors=True)


# -- the months ------------------------------------------------------------------------------------


def read_month_of(version: Version, customer_id: str) -> Tables:
    """Return the rows of a month that are about a customer or one of their lines, by table."""
    services = _list_services(version, customer_id)
    found: Tables = {}
    for name, entry in version.entries.items():
        if not entry.is_computed or entry.room not in _ROOMS:
            continue
        rows = list(_read_rows(version, name, customer_id, services))
        if rows:
            found[name] = rows
    return found


def _list_services(version: Version, customer_id: str) -> tuple[str, ...]:
    table = "snapshot_service"
    if not version.is_computed(table):
        return ()
    rows = version.read_rows(table, ["service_id"], {"customer_id": customer_id})
    return tuple(sorted(row["service_id"] for row in rows))


def _read_rows(
    version: Version, table: str, customer_id: str, services: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    columns = version.list_columns(table)
    if "customer_id" in columns:
        yield from read_open_rows(version, table, where={"customer_id": customer_id})
    elif "service_id" in columns and services:
        yield from read_open_rows(version, table, where={"service_id": services})


# -- the office ------------------------------------------------------------------------------------


def read_office(customer_id: str) -> Tables:
    """Return what the office database keeps of a customer, and when it was looked at."""
    orders = Order.objects.filter(customer_id=customer_id).order_by("pk")
    ids = [order.pk for order in orders]
    seen = AccessEntry.objects.filter(subject__in=[*ids, customer_id], is_refused=False)
    return {
        "orders": [model_to_dict(order) for order in orders],
        "answers": _open(
            _list_facts(Answer.objects.filter(order_id__in=ids)), customer_id, NOTE
        ),
        "changes": _list_facts(OrderChange.objects.filter(order_id__in=ids)),
        "marks": _list_facts(ContactMark.objects.filter(customer_id=customer_id)),
        "wishes": _open(
            _list_facts(ConsentEntry.objects.filter(customer_id=customer_id)),
            customer_id,
            SAID,
        ),
        "accesses": [
            {"at": entry.at, "action": entry.action} for entry in seen.order_by("pk")
        ],
    }


def _open(
    rows: list[dict[str, Any]], customer_id: str, place: str
) -> list[dict[str, Any]]:
    """Put what was written in words where it is kept sealed."""
    column = {NOTE: "note", SAID: "why"}[place]
    for row in rows:
        row[column] = open_words(customer_id, place, row[column])
    return rows


def _list_facts(rows: Any) -> list[dict[str, Any]]:
    """Rows as they are kept, without who of the staff wrote them."""
    return [
        model_to_dict(row, exclude=["actor", "digest", "intake", "lifted_by"])
        for row in rows.order_by("pk")
    ]


# -- for people ------------------------------------------------------------------------------------


def _draw_page(home: Path, content: Mapping[str, Any], language: str) -> str:
    """The same as a page that needs nothing but itself."""
    changes = group_changes(content["customer_id"])
    with translation.override(_LANGUAGES[language]):
        explanations = explain_decisions(
            home, content["customer_id"], language, changes
        )
        context = {
            "content": content,
            "language": language,
            "office": _name_columns(content["office"], language),
            "explanations": explanations,
            "months": {
                month: _name_tables(tables, language)
                for month, tables in content["months"].items()
            },
        }
        page: str = render_to_string("console/person_data.html", context)
    return page


def _name_tables(tables: Tables, language: str) -> list[tuple[str, Any]]:
    """Tables with what they are for, in words where the catalogue has them."""
    declared = load_tables()
    named = []
    for name, rows in _name_columns(tables, language).items():
        purpose = declared[name].purpose if name in declared else None
        title = purpose[language] if purpose else name
        named.append((title, rows))
    return named


def _name_columns(tables: Tables, language: str) -> dict[str, list[dict[str, Any]]]:
    labels = load_labels(language)
    named = {}
    for name, rows in tables.items():
        named[name] = [
            {labels.get(column, column): value for column, value in row.items()}
            for row in rows
        ]
    return named
