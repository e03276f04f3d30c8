"""The YAML that describes a database source: where the URL is found, one query a table."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.core.contract import load_contract
from pipelines.core.errors import SpecError
from pipelines.core.written import read_written
from pipelines.sources.operator.mapping import load_mapping
from pipelines.sources.operator.own_names import NamesMapping

_KEYS = {"url_env", "tables", "encoding", "mapping"}
_READS = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(select|with|values|table|from)\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class DatabaseSpec:
    """A database source as configured; the URL itself stays in the environment."""

    name: str
    url_env: str
    tables: dict[str, str]
    encoding: str | None = None
    mapping: NamesMapping | None = None

    def find_url(self) -> sa.URL:
        """Return the database's URL; raise SpecError when the variable is unset or is no URL."""
        text = os.environ.get(self.url_env)
        if not text:
            raise SpecError("source.url_not_set", file=self.name, variable=self.url_env)
        try:
            return sa.make_url(text)
        except sa.exc.ArgumentError:
            # Neither the text nor the cause is passed on: a URL may hold a password.
            raise SpecError(
                "source.url_bad", file=self.name, variable=self.url_env
            ) from None


def load_spec(path: Path) -> DatabaseSpec:
    """Read and check a database YAML; raise SpecError for one that cannot be used."""
    document = read_written(path, path.name, shows_values=False).read()
    spec = _check_spec(document, path.name)
    if "mapping" not in document:
        return spec

    wanted = document["mapping"]
    names = path.parent / str(wanted)
    if not names.is_file():
        raise SpecError("source.yaml_bad", file=path.name, detail=f"mapping: {wanted}")
    return replace(spec, mapping=_load_names(names, spec))


def _load_names(path: Path, spec: DatabaseSpec) -> NamesMapping:
    """Read the mapping that a database YAML names.

    It may name no files, and no table without a query.
    """
    mapping = load_mapping(path)
    for table, own in mapping.tables.items():
        for key in ("file", "sheet"):
            if getattr(own, key):
                raise SpecError(
                    "mapping.not_of_database",
                    file=mapping.file,
                    line=mapping.find_line(table, key),
                    table=table,
                    name=key,
                )
        if table not in spec.tables:
            raise SpecError(
                "mapping.no_query",
                file=mapping.file,
                line=mapping.find_line(table),
                table=table,
                spec=spec.name,
            )
    return mapping


def _check_spec(document: Any, file: str) -> DatabaseSpec:
    """Return what a YAML document configures; raise SpecError for one in another form."""
    if not isinstance(document, dict):
        raise _refuse_form(file, "url_env, tables")
    if "url" in document or "://" in str(document.get("url_env", "")):
        raise SpecError("source.url_in_yaml", file=file)

    unknown = sorted(str(key) for key in document.keys() - _KEYS)
    if unknown:
        raise _refuse_form(file, ", ".join(unknown))
    url_env = document.get("url_env")
    tables = document.get("tables")
    if not isinstance(url_env, str):
        raise _refuse_form(file, "url_env, tables")
    if not isinstance(tables, dict) or not tables:
        raise _refuse_form(file, "url_env, tables")

    _check_queries(tables, file)
    encoding = document.get("encoding")
    return DatabaseSpec(file, url_env, tables, str(encoding) if encoding else None)


def _check_queries(tables: Mapping[str, object], file: str) -> None:
    """Refuse a table that the contract does not know, and a statement that does not read."""
    for table, query in tables.items():
        if table not in load_contract():
            raise _refuse_form(file, f"tables: {table}")
        if not isinstance(query, str) or not _READS.match(query):
            raise SpecError("source.query_not_select", file=file, table=table)


def _refuse_form(file: str, detail: str) -> SpecError:
    """Say what in the YAML is not as it should be."""
    return SpecError("source.yaml_bad", file=file, detail=detail)
