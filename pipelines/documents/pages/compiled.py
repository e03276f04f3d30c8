"""Templates as Jinja compiles them, kept where Python keeps its compiled code."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version as library_version
from importlib.util import cache_from_source
from pathlib import Path
from pickle import UnpicklingError  # what Jinja reads a checksum with
from tempfile import mkstemp

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

_READABLE = 0o644
_PAGE = Path(__file__).with_name("page.py")


class CompiledTemplates(BytecodeCache):
    """One file a template, beside the compiled code of this module, for the same reason.

    Who can write there can write the code. Jinja takes a file only for the very same template; one
    that other settings of ours or another Jinja made has another name, and so has that of another
    language: Jinja works out what is constant, by our filters of that language.
    """

    def __init__(self, language: str) -> None:
        self._language = language

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a template's bucket, where it was compiled before."""
        # One that is torn, or of another Python, is compiled again.
        with (
            suppress(OSError, EOFError, ValueError, TypeError, UnpicklingError),
            self._name_file(bucket).open("rb") as stream,
        ):
            bucket.load_bytecode(stream)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template that was compiled, if compiled code is kept and the folder is ours."""
        if sys.dont_write_bytecode:
            return
        path = self._name_file(bucket)
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            descriptor, beside = mkstemp(prefix=path.name, dir=path.parent)
            with open(descriptor, "wb") as stream:
                bucket.write_bytecode(stream)
            os.chmod(beside, _READABLE)
            os.replace(beside, path)

    def _name_file(self, bucket: Bucket) -> Path:
        compiled = Path(cache_from_source(__file__))
        name = f"template-{_identify_maker()}-{self._language}-{bucket.key}.bin"
        return compiled.with_name(name)


@cache
def _identify_maker() -> str:
    """Tell one Jinja, and one set of our settings of it, from another."""
    digest = sha256(library_version("jinja2").encode())
    digest.update(sys.version.encode())
    digest.update(_PAGE.read_bytes())
    return digest.hexdigest()[:16]
