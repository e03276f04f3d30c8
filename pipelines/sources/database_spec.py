"""The YAML that describes a database source: where the URL is found, one query a table."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.core.contract import contract
from pipelines.core.errors import SourceNotReady, SpecError
from pipelines.core.written import Written

_KEYS = {"url_env", "tables", "encoding"}
_READS = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(select|with|values|table|from)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class DatabaseSpec:
    """A database source as configured; the URL itself stays in the environment."""

    name: str
    url_env: str
    tables: dict[str, str]
    encoding: str | None = None

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
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SourceNotReady("source.unreadable", file=path.name, error=os.strerror(error.errno or 0)) from error
    except UnicodeDecodeError as error:
        raise SpecError("source.yaml_bad", file=path.name, detail="YAML") from error
    raw = Written(path.name, text, shows_values=False).read()
    return _check_spec(raw, path.name)


def _check_spec(raw: Any, file: str) -> DatabaseSpec:
    if not isinstance(raw, dict):
        raise SpecError("source.yaml_bad", file=file, detail="url_env, tables")
    if "url" in raw or "://" in str(raw.get("url_env", "")):
        raise SpecError("source.url_in_yaml", file=file)
    unknown = sorted(str(key) for key in raw.keys() - _KEYS)
    tables = raw.get("tables")
    if unknown or not isinstance(raw.get("url_env"), str) or not isinstance(tables, dict) or not tables:
        raise SpecError("source.yaml_bad", file=file, detail=", ".join(unknown) or "url_env, tables")
    for table, query in tables.items():
        if table not in contract():
            raise SpecError("source.yaml_bad", file=file, detail=f"tables: {table}")
        if not isinstance(query, str) or not _READS.match(query):
            raise SpecError("source.query_not_select", file=file, table=table)
    encoding = raw.get("encoding")
    return DatabaseSpec(file, raw["url_env"], tables, str(encoding) if encoding else None)
