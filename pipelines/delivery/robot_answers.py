"""What a robot's answer means.

Taken, to be tried later, refused, nobody knows, or the channel is to be mended.

A vendor's 200 may still be a refusal. No answer, an answer that says nothing and a gateway that
gave up are `unsure`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from pipelines.delivery.failures import Closed, Later, Rejected, Unsure
from pipelines.store.outbox import read_clock

PLAIN = "plain"  # the type of a robot that is no vendor's: its status says all
# What the vendors call too fast or busy, each with where it stands in docs/deliveries.md; all else
# they answer is final.
TOO_FAST = {
    "dingtalk": {130101, 410100},
    "wecom": {45009, 45033},
    "feishu": {11232, 99991400},
}
# Feishu's code of a bad request; said of a text that was too fast as well, and only its words
# differ.
BAD_OR_TOO_FAST = 9499
_BUSY = -1
# What says that the robot is another than it was set up here: its link, secret, keyword, allowed
# addresses, or it is off. No letter is at fault, and each is good once a person has mended the
# channel.
SET_UP_OTHERWISE = {
    "dingtalk": {300001, 300005, 310000, 400101, 400102, 400106},
    "wecom": {93000, 93008, 93017},
    "feishu": {19001, 19007, 19021, 19022, 19024},
}
_WRONG_LINK = {301, 302, 303, 307, 308, 401, 403, 404, 405, 407, 410}
_LEFT_ALONE = 600  # seconds for which DingTalk shuts a robot that was too fast
_RETRIED = {408, 425, 429, 500, 503}
_GATEWAY = {502, 504}
# Where a vendor's own code stands: DingTalk and WeCom, Feishu, Feishu as it was.
_CODE_NAMES = ("errcode", "code", "StatusCode")


class Answer(NamedTuple):
    """What a receiver answered.

    The status, HTTP's headers (their names in small letters), and the content.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes


def judge_answer(vendor: str, answer: Answer) -> None:
    """Return when the receiver took the message; raise NotSent otherwise."""
    status = answer.status
    if status in _RETRIED:
        raise Later("http_code", after=_read_wait(answer.headers), code=status)
    if status in _GATEWAY:
        raise Unsure("http_code", code=status)
    code = _read_code(answer.content)
    if _is_too_fast(vendor, code, answer.content):
        wait = _read_wait(answer.headers) or _LEFT_ALONE
        raise Later("robot_code", after=wait, code=code)
    _refuse_wrong_setting(vendor, status, code)
    if not 200 <= status < 300:
        raise Rejected("http_code", code=status)
    if vendor != PLAIN:
        _judge_code(code)


def _judge_code(code: int | None) -> None:
    """Raise what a vendor's own code means; 0 is taken."""
    if code is None:
        raise Unsure("no_answer", error="no code")
    if code == _BUSY:
        raise Later("robot_code", code=code)
    if code != 0:
        raise Rejected("robot_code", code=code)


def _refuse_wrong_setting(vendor: str, status: int, code: int | None) -> None:
    """Raise Closed where the answer says that the channel is to be mended, not the letter."""
    if status in _WRONG_LINK:
        raise Closed("robot_link", code=status)
    if code in SET_UP_OTHERWISE.get(vendor, ()):
        raise Closed("robot_set_up", code=code)


def _is_too_fast(vendor: str, code: int | None, content: bytes) -> bool:
    """Whether a vendor's answer, Feishu's with status 400 too, says that too much was sent."""
    if vendor == PLAIN:
        return False
    if code in TOO_FAST[vendor]:
        return True
    if vendor != "feishu" or code != BAD_OR_TOO_FAST:
        return False
    return b"too many request" in content.lower()


def _read_code(content: bytes) -> int | None:
    """Return the vendor's own code; None when it says none."""
    try:
        record = json.loads(content)
    except ValueError:
        return None
    if not isinstance(record, dict):
        return None
    for name in _CODE_NAMES:
        if name in record:
            code = record[name]
            return code if type(code) is int else None
    return None


def _read_wait(headers: Mapping[str, str]) -> float | None:
    """How many seconds the receiver asks for, in HTTP's header or in that of Feishu's gateway."""
    wanted = headers.get("retry-after") or headers.get("x-ogw-ratelimit-reset", "")
    return _parse_wait(wanted)


def _parse_wait(text: str) -> float | None:
    """Seconds to wait, from a number of seconds or a date.

    None where the receiver says nothing one can read.
    """
    if text.isdecimal():
        return float(text)
    try:
        wait = parsedate_to_datetime(text) - read_clock()
    except (ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())
