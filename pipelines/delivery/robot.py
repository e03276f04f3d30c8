"""A group's robot as a channel: one digest, by https, to the one host that is allowed, redirects not followed.

A robot knows no key. What may have arrived (no answer, an answer that says nothing, a gateway that gave up) is `unsure`.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx

from pipelines.delivery.config import RobotChannel, is_loopback, read_secret, trusted
from pipelines.delivery.failures import Closed, Later, NotSent, Rejected, Unsure
from pipelines.store.outbox import Letter, instant

HOSTS = {
    "dingtalk": "oapi.dingtalk.com",
    "wecom": "qyapi.weixin.qq.com",
    "feishu": "open.feishu.cn",
}
# What the vendors call too fast or busy, each with where it stands in docs/deliveries.md; all else they answer is final.
_TOO_FAST = {"dingtalk": {130101, 410100}, "wecom": {45009, 45033}, "feishu": {11232, 99991400}}
_BAD_OR_TOO_FAST = 9499  # Feishu's code of a bad request; said of a text that was too fast as well, and only its words differ
_BUSY = -1
# What says that the robot is another than it was set up here: its link, secret, keyword, allowed addresses, or it is off.
# No letter is at fault, and each is good once a person has mended the channel.
SET_UP_OTHERWISE = {
    "dingtalk": {300001, 300005, 310000, 400101, 400102, 400106},
    "wecom": {93000, 93008, 93017},
    "feishu": {19001, 19007, 19021, 19022, 19024},
}
_WRONG_LINK = {301, 302, 303, 307, 308, 401, 403, 404, 405, 407, 410}
_LEFT_ALONE = 600  # seconds for which DingTalk shuts a robot that was too fast
_RETRIED = {408, 425, 429, 500, 503}
_GATEWAY = {502, 504}
_ENOUGH = 65_536  # bytes of an answer


class RobotSender:
    """Posts a digest."""

    def __init__(self, channel: RobotChannel) -> None:
        self.channel = channel

    def send(self, letter: Letter, files: list[Path]) -> None:
        """Post the letter's text; raise what its answer, or its silence, means."""
        url = self._url()
        body = self._body(files[0].read_text(encoding="utf-8"))
        with _silent_library():
            status, headers, answer = asyncio.run(self._post(url, body, letter.id))
        judge_answer(self.channel.type, status, headers, answer)

    def close(self) -> None:
        """There is nothing to close."""

    def _url(self) -> httpx.URL:
        """The robot's link, if it leads where it may; it is a secret, so no error shows it."""
        host = self.channel.host or HOSTS.get(self.channel.type)
        try:
            url = httpx.URL(read_secret(self.channel.url_file))
        except httpx.InvalidURL:
            raise Closed("robot_host", host=host or "-") from None
        is_private = url.scheme == "https" or (url.scheme == "http" and is_loopback(url.host))
        if url.host != host or not is_private or url.userinfo:
            raise Closed("robot_host", host=host or "-")
        return self._signed(url) if self.channel.type == "dingtalk" else url

    def _signed(self, url: httpx.URL) -> httpx.URL:
        """DingTalk signs the link: HMAC-SHA256 of the milliseconds, a line's end and the secret."""
        if self.channel.secret_file is None:
            return url
        secret, stamp = read_secret(self.channel.secret_file), int(instant().timestamp()) * 1000
        signature = hmac.digest(secret.encode(), f"{stamp}\n{secret}".encode(), "sha256")
        return url.copy_merge_params(
            {"timestamp": str(stamp), "sign": b64encode(signature).decode()}
        )

    def _body(self, text: str) -> dict[str, Any]:
        """The text in the vendor's form; Feishu signs it: HMAC-SHA256 of nothing, keyed by seconds and secret."""
        if self.channel.type == "plain":
            return {"text": text}
        if self.channel.type != "feishu":
            return {"msgtype": "text", "text": {"content": text}}
        body = {"msg_type": "text", "content": {"text": text}}
        if self.channel.secret_file is None:
            return body
        secret, stamp = read_secret(self.channel.secret_file), int(instant().timestamp())
        signature = hmac.digest(f"{stamp}\n{secret}".encode(), b"", "sha256")
        return body | {"timestamp": str(stamp), "sign": b64encode(signature).decode()}

    async def _post(
        self, url: httpx.URL, body: dict[str, Any], key: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Post within the channel's time, all in all: a server may also answer a byte a second."""
        begun: list[str] = []

        async def trace(event: str, info: object) -> None:
            if "send_request" in event:
                begun.append(event)

        client = httpx.AsyncClient(
            verify=trusted(self.channel.ca_file),
            proxy=self.channel.proxy,
            trust_env=False,
            timeout=None,
        )
        try:
            async with asyncio.timeout(self.channel.timeout), client:
                headers = {"Idempotency-Key": key}
                asked = client.stream(
                    "POST", url, json=body, headers=headers, extensions={"trace": trace}
                )
                async with asked as response:
                    return response.status_code, response.headers, await _read(response)
        except (httpx.HTTPError, TimeoutError) as error:
            raise _silence(error, url.host, is_begun=bool(begun)) from None


async def _read(response: httpx.Response) -> bytes:
    """Read an answer, no more of it than any robot says."""
    content = b""
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > _ENOUGH:
            break
    return content


def _silence(error: BaseException, host: str, is_begun: bool) -> NotSent:
    """Say what it means that no answer came: before the request went out nothing was sent, after it nobody knows."""
    kind = type(error).__name__
    if is_begun:
        return Unsure("no_answer", error=kind)
    if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
        return Closed("tls", host=host, error="SSLError")
    return Later("robot_away", is_away=True, error=kind)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def judge_answer(vendor: str, status: int, headers: Mapping[str, str], answer: bytes) -> None:
    """Return when the receiver took the message; raise NotSent otherwise. A vendor's 200 may still be a refusal."""
    if status in _RETRIED:
        raise Later("http_code", after=_asked_for(headers), code=status)
    if status in _GATEWAY:
        raise Unsure("http_code", code=status)
    code = _code(answer)
    if vendor != "plain" and _is_too_fast(vendor, code, answer):
        raise Later("robot_code", after=_asked_for(headers) or _LEFT_ALONE, code=code)
    _refuse_wrong_setting(vendor, status, code)
    if not 200 <= status < 300:
        raise Rejected("http_code", code=status)
    if vendor == "plain":
        return
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


def _is_too_fast(vendor: str, code: int | None, answer: bytes) -> bool:
    """Whether an answer, Feishu's with status 400 too, says that too much was sent."""
    words = b"too many request" in answer.lower()
    return code in _TOO_FAST[vendor] or (vendor == "feishu" and code == _BAD_OR_TOO_FAST and words)


def _asked_for(headers: Mapping[str, str]) -> float | None:
    """How many seconds the receiver asks for, in HTTP's header or in that of Feishu's gateway."""
    return _retry_after(headers.get("retry-after") or headers.get("x-ogw-ratelimit-reset", ""))


def _code(answer: bytes) -> int | None:
    """The vendor's own code: `errcode` (DingTalk, WeCom), `code` or `StatusCode` (Feishu); None when it says none."""
    try:
        said = json.loads(answer)
    except ValueError:
        return None
    found = (
        [said[name] for name in ("errcode", "code", "StatusCode") if name in said]
        if isinstance(said, dict)
        else []
    )
    return found[0] if found and type(found[0]) is int else None


def _retry_after(text: str) -> float | None:
    """Seconds to wait, from a number of seconds or a date; None where the receiver says nothing one can read."""
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - instant()).total_seconds())
    except (ValueError, TypeError):
        return None


@contextmanager
def _silent_library() -> Iterator[None]:
    """Keep the HTTP library from logging the link, which is a secret, whatever level the house logs at."""
    loggers = [logging.getLogger(name) for name in ("httpx", "httpcore")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
