"""The machine: Python, the packages, the time zone, the encoding and the fonts."""

from __future__ import annotations

import locale
import sys
import sysconfig
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, requires
from importlib.metadata import version as installed_version
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.requirements import Requirement

from pipelines.core.errors import SpecError
from pipelines.operations.doctor.check import FAIL, OK, WARN, Check

PACKAGE = "retention-office"
PYTHONS = ((3, 11), (3, 12))


def check_python() -> Check:
    """Look whether this is a Python that the project was tested with."""
    version = _write_version(sys.version_info[:3])
    wanted = ", ".join(map(_write_version, PYTHONS))
    state = OK if sys.version_info[:2] in PYTHONS else FAIL
    facts = {"version": version, "wanted": wanted}
    return Check("python", state, "python", facts, SpecError.exit_code)


def _write_version(numbers: Sequence[int]) -> str:
    return ".".join(map(str, numbers))


def check_packages() -> Check:
    """Compare what is installed with what this project was tested with."""
    try:
        required = requires(PACKAGE) or []
    except PackageNotFoundError:
        return _refuse_packages(f"{PACKAGE} -")

    wrong = []
    for line in required:
        requirement = Requirement(line)
        if not _is_wanted(requirement):
            continue
        installed = _find_installed(requirement)
        if installed is None:
            wrong.append(f"{requirement.name} - ({requirement.specifier})")
        elif not requirement.specifier.contains(installed, prereleases=True):
            wrong.append(f"{requirement.name} {installed} ({requirement.specifier})")

    if wrong:
        return _refuse_packages(", ".join(wrong))
    return Check("packages", OK, "packages")


def _refuse_packages(wrong: str) -> Check:
    facts = {"wrong": wrong, "where": sysconfig.get_paths()["purelib"]}
    return Check("packages", FAIL, "packages", facts, SpecError.exit_code)


def _is_wanted(requirement: Requirement) -> bool:
    """Whether this machine needs it: it is of no extra, and its marker suits."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def _find_installed(requirement: Requirement) -> str | None:
    try:
        return installed_version(requirement.name)
    except PackageNotFoundError:
        return None


def check_time_zone() -> Check:
    """Look whether the time zone of the operator is known here."""
    try:
        ZoneInfo("Asia/Shanghai")
    except ZoneInfoNotFoundError:
        return Check("time_zone", FAIL, "time_zone")
    return Check("time_zone", OK, "time_zone")


def check_encoding() -> Check:
    """Look whether text and file names are UTF-8."""
    of_text = locale.getpreferredencoding(False)
    of_files = sys.getfilesystemencoding()
    is_right = _is_utf8(of_text) and _is_utf8(of_files)
    facts = {"encoding": of_text, "files": of_files}
    return Check("encoding", OK if is_right else WARN, "encoding", facts)


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "") == "utf8"


def check_font() -> Check:
    """Look whether there are fonts that Chinese can be set in."""
    # Imported here, because it loads the compiler of PDFs.
    from pipelines.documents.reports.fonts import find_chinese_fonts

    fonts = find_chinese_fonts()
    if fonts is None:
        return Check("font", WARN, "font", {"font": "-"})
    return Check("font", OK, "font", {"font": f"{fonts.serif}, {fonts.sans}"})
