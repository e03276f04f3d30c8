"""How the text files of one delivery are written, for those whose own bytes do not tell."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from pipelines.sources.operator.delivery import FileRefused, Limits
from pipelines.sources.operator.formats.encoding import detect_encoding
from pipelines.sources.operator.staging import make_folder, stage_file

_LIKE = {"utf-8-sig": "utf-8"}
_EITHER = frozenset({"utf-8", "gb18030"})


class SisterFiles:
    """The text files of a month; they are looked into when one of them is doubtful, and once."""

    def __init__(
        self,
        files: Sequence[tuple[Path, str]],
        folder: Path,
        limits: Limits,
        roots: Sequence[Path],
    ) -> None:
        self._files = [(path, kind) for path, kind in files if kind.startswith("csv")]
        self._folder = folder
        self._limits = limits
        self._roots = roots

    def tell_encoding(self) -> str | None:
        """Return the encoding that all telling files share; None when they differ or none tells."""
        return self._shared_encoding

    @cached_property
    def _shared_encoding(self) -> str | None:
        """The encoding that all telling files share; looked for once."""
        found = {self._read_encoding(path, kind) for path, kind in self._files}
        telling = found & _EITHER
        if len(telling) != 1:
            return None
        return telling.pop()

    def _read_encoding(self, path: Path, kind: str) -> str | None:
        """Return the encoding of a file whose bytes tell it; None for any other."""
        try:
            make_folder(self._folder)
            copy = stage_file(path, kind, self._folder, self._limits, self._roots)
            form = detect_encoding(copy.path, copy.name, self._limits)
        except FileRefused:
            return None
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

        if not form.is_telling:
            return None
        return _LIKE.get(form.encoding, form.encoding)
