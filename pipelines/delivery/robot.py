"""A group's robot as a channel.

One digest, by https, to the one host that is allowed, redirects not followed.

What its answer means is read in `robot_answers`. A robot knows no key: what may have arrived is
`unsure`.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from pipelines.delivery.config import RobotChannel, is_loopback, load_trust, read_secret
from pipelines.delivery.failures import Closed, Later, NotSent, Unsure
from pipelines.delivery.robot_answers import Answer, judge_answer
from pipelines.store.outbox import Letter, read_clock

HOSTS = {
    "dingtalk": "oapi.dingtalk.com",
    "wecom": "qyapi.weixin.qq.com",
    "feishu": "open.feishu.cn",
}
_MOST_BYTES = 65_536  # of an answer
# A message in a vendor's form: texts, or texts by name.
Body = Mapping[str, str | Mapping[str, str]]


class RobotSender:
    """Posts a digest."""

    def __init__(self, channel: RobotChannel) -> None:
        self.channel = channel

    def send(self, letter: Letter, files: list[Path]) -> None:
        """Post the letter's text; raise what its answer, or its silence, means."""
        url = self._read_link()
        if self.channel.type == "dingtalk":
            url = self._sign_link(url)
        body = self._write_body(files[0].read_text(encoding="utf-8"))
        with _silence_library():
            answer = asyncio.run(self._post(url, body, letter.id))
        judge_answer(self.channel.type, answer)

    def close(self) -> None:
        """There is nothing to close."""

    def _read_link(self) -> httpx.URL:
        """The robot's link, if it leads where it may; it is a secret, so no error shows it."""
        host = self.channel.host or HOSTS.get(self.channel.type)
        refusal = Closed("robot_host", host=host or "-")
        try:
            url = httpx.URL(read_secret(self.channel.url_file))
        except httpx.InvalidURL:
            raise refusal from None
        if url.host != host or url.userinfo or not _is_private(url):
            raise refusal
        return url

    def _sign_link(self, url: httpx.URL) -> httpx.URL:
        """DingTalk signs the link: HMAC-SHA256 of the milliseconds, a line's end and the secret."""
        if self.channel.secret_file is None:
            return url
        secret = read_secret(self.channel.secret_file)
        stamp = int(read_clock().timestamp()) * 1000
        signature = hmac.digest(
            secret.encode(), f"{stamp}\n{secret}".encode(), "sha256"
        )
        return url.copy_merge_params(_sign(stamp, signature))

    def _write_body(self, text: str) -> Body:
        """The text in the vendor's form.

        Feishu signs it: HMAC-SHA256 of nothing, keyed by seconds and secret.
        """
        if self.channel.type == "plain":
            return {"text": text}
        if self.channel.type != "feishu":
            return {"msgtype": "text", "text": {"content": text}}
        body: dict[str, str | Mapping[str, str]] = {
            "msg_type": "text",
            "content": {"text": text},
        }
        if self.channel.secret_file is None:
            return body
        secret = read_secret(self.channel.secret_file)
        stamp = int(read_clock().timestamp())
        signature = hmac.digest(f"{stamp}\n{secret}".encode(), b"", "sha256")
        return body | _sign(stamp, signature)

    async def _post(self, url: httpx.URL, body: Body, key: str) -> Answer:
        """Post within the channel's time, all in all: a server may also answer a byte a second."""
        trace = _RequestTrace()
        client = httpx.AsyncClient(
            verify=load_trust(self.channel.ca_file),
            proxy=self.channel.proxy,
            trust_env=False,
            timeout=None,
        )
        try:
            async with asyncio.timeout(self.channel.timeout), client:
                request = client.stream(
                    "POST",
                    url,
                    json=body,
                    headers={"Idempotency-Key": key},
                    extensions={"trace": trace.notice},
                )
                async with request as response:
                    content = await _read_content(response)
                    return Answer(response.status_code, response.headers, content)
        except (httpx.HTTPError, TimeoutError) as error:
            raise _explain_silence(error, url.host, is_begun=trace.is_begun) from None


def _is_private(url: httpx.URL) -> bool:
    """Whether nobody on the way can read what is posted."""
    return url.scheme == "https" or (url.scheme == "http" and is_loopback(url.host))


def _sign(stamp: int, signature: bytes) -> dict[str, str]:
    return {"timestamp": str(stamp), "sign": b64encode(signature).decode()}


class _RequestTrace:
    """Notices when the request begins to go out: from then on it may have arrived."""

    def __init__(self) -> None:
        self.is_begun = False

    async def notice(self, event: str, info: object) -> None:
        """Take an event of the HTTP library."""
        if "send_request" in event:
            self.is_begun = True


async def _read_content(response: httpx.Response) -> bytes:
    """Read an answer, no more of it than any robot says."""
    content = b""
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > _MOST_BYTES:
            break
    return content


def _explain_silence(error: BaseException, host: str, is_begun: bool) -> NotSent:
    """Say what it means that no answer came.

    Before the request went out nothing was sent, after it nobody knows.
    """
    kind = type(error).__name__
    if is_begun:
        return Unsure("no_answer", error=kind)
    for cause in _list_causes(error):
        if isinstance(cause, ssl.SSLError):
            return Closed("tls", host=host, error="SSLError")
    return Later("robot_away", is_away=True, error=kind)


def _list_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class _LoggerLevel(NamedTuple):
    logger: logging.Logger
    level: int


@contextmanager
def _silence_library() -> Iterator[None]:
    """Keep the HTTP library from logging the link, whatever level is set: it is a secret."""
    before = []
    for name in ("httpx", "httpcore"):
        logger = logging.getLogger(name)
        before.append(_LoggerLevel(logger, logger.level))
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in before:
            logger.setLevel(level)
