"""The YAML that describes a database source: where the URL is found, one query a table."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.core.contract import contract
from pipelines.core.errors import SpecError
from pipelines.core.written import read_written
from pipelines.sources.operator.mapping import NamesMapping, load_mapping

_KEYS = {"url_env", "tables", "encoding", "mapping"}
_READS = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(select|with|values|table|from)\b", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class DatabaseSpec:
    """A database source as configured; the URL itself stays in the environment."""

    name: str
    url_env: str
    tables: dict[str, str]
    encoding: str | None = None
    mapping: NamesMapping | None = None

    def url(self) -> sa.URL:
        """Return the database's URL; raise SpecError when the variable is unset or is no URL."""
        text = os.environ.get(self.url_env)
        if not text:
            raise SpecError("source.url_not_set", file=self.name, variable=self.url_env)
        try:
            return sa.make_url(text)
        except sa.exc.ArgumentError:
            # Neither the text nor the cause is passed on: a URL may hold a password.
            raise SpecError("source.url_bad", file=self.name, variable=self.url_env) from None


def load_spec(path: Path) -> DatabaseSpec:
    """Read and check a database YAML; raise SpecError for one that cannot be used."""
    raw = read_written(path, path.name, shows_values=False).read()
    spec = _check_spec(raw, path.name)
    if "mapping" not in raw:
        return spec
    names = path.parent / str(raw["mapping"])
    if not names.is_file():
        raise SpecError("source.yaml_bad", file=path.name, detail=f"mapping: {raw['mapping']}")
    return replace(spec, mapping=_load_names(names, spec))


def _load_names(path: Path, spec: DatabaseSpec) -> NamesMapping:
    """Read the mapping that a database YAML names; it may name no files, and no table without a query."""
    mapping = load_mapping(path)
    for table, own in mapping.tables.items():
        stray = next((key for key in ("file", "sheet") if getattr(own, key)), None)
        if stray is not None:
            line = mapping.line(table, stray)
            raise SpecError(
                "mapping.not_of_database", file=mapping.file, line=line, table=table, name=stray
            )
        if table not in spec.tables:
            line = mapping.line(table)
            raise SpecError(
                "mapping.no_query", file=mapping.file, line=line, table=table, spec=spec.name
            )
    return mapping


def _check_spec(raw: Any, file: str) -> DatabaseSpec:
    if not isinstance(raw, dict):
        raise SpecError("source.yaml_bad", file=file, detail="url_env, tables")
    if "url" in raw or "://" in str(raw.get("url_env", "")):
        raise SpecError("source.url_in_yaml", file=file)
    unknown = sorted(str(key) for key in raw.keys() - _KEYS)
    tables = raw.get("tables")
    if (
        unknown
        or not isinstance(raw.get("url_env"), str)
        or not isinstance(tables, dict)
        or not tables
    ):
        raise SpecError(
            "source.yaml_bad", file=file, detail=", ".join(unknown) or "url_env, tables"
        )
    for table, query in tables.items():
        if table not in contract():
            raise SpecError("source.yaml_bad", file=file, detail=f"tables: {table}")
        if not isinstance(query, str) or not _READS.match(query):
            raise SpecError("source.query_not_select", file=file, table=table)
    encoding = raw.get("encoding")
    return DatabaseSpec(file, raw["url_env"], tables, str(encoding) if encoding else None)
