"""A group's robot: what each misbehaviour ended in, that nothing was posted twice, and that no secret and no customer got out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import re
import socket
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.core.errors import Incomplete, Undelivered
from pipelines.core.paths import ROOT
from pipelines.delivery.failures import Closed, Later, Rejected, Unsure
from pipelines.delivery.post import raise_open
from pipelines.delivery.robot_answers import (
    BAD_OR_TOO_FAST,
    TOO_FAST,
    Answer,
    judge_answer,
)
from pipelines.store.outbox import Letter
from pipelines.text.texts import fill_label
from tests.delivery.certificates import certificate
from tests.delivery.conftest import CUSTOMER, NAME, PHONE, House
from tests.delivery.servers import CLOSE, DRIP, HANG, robot

TAKEN: tuple[int, dict[str, str], str] = (200, {}, '{"errcode": 0, "errmsg": "ok"}')


def code(number: int) -> tuple[int, dict[str, str], str]:
    return 200, {}, json.dumps({"errcode": number, "errmsg": "canary-answer"})


def the_one(house: House, *again: str) -> Letter:
    (letter,) = house.deliver(*again).letters
    return letter


# What the host does, and: the state it ended in, how many messages it saw, how long it was left alone in between.
CASES: dict[str, tuple[list[Any], str, int, list[float]]] = {
    "takes it": ([TAKEN], "sent", 1, []),
    "429 and then takes it": ([(429, {"Retry-After": "7"}, ""), TAKEN], "sent", 2, [7]),
    "429 for ever": ([(429, {}, "")], "pending", 3, [1, 2]),
    "429 for an hour": ([(429, {"Retry-After": "3600"}, "")], "pending", 1, []),
    "500 and then takes it": ([(500, {}, ""), TAKEN], "sent", 2, [1]),
    "503 for ever": ([(503, {}, "")], "pending", 3, [1, 2]),
    "busy, says the vendor": ([code(-1), TAKEN], "sent", 2, [1]),
    "too fast, says the vendor": ([code(410100)], "pending", 1, []),
    "no such robot, says the vendor": ([code(400106)], "pending", 1, []),
    "another secret, says the vendor": ([code(310000)], "pending", 1, []),
    "a text it does not take": ([code(430101)], "dead", 1, []),
    "404": ([(404, {}, "")], "pending", 1, []),
    "a redirect": ([(302, {"Location": "http://127.0.0.1:1/elsewhere"}, "")], "pending", 1, []),
    "hangs": ([HANG], "unsure", 1, []),
    "a byte now and then": ([DRIP], "unsure", 1, []),
    "closes without a word": ([CLOSE], "unsure", 1, []),
    "502 of a gateway": ([(502, {}, "")], "unsure", 1, []),
    "200 that says nothing": ([(200, {}, "<html>welcome</html>")], "unsure", 1, []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_it_ended_in(
    house: House,
    case: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    script, state, seen, waits = CASES[case]
    caplog.set_level(logging.DEBUG)
    with robot(*script) as host:
        house.add_robot(host.port, timeout=2 if script[0] in (HANG, DRIP) else 60)
        report = house.deliver()
        letter = report.letters[0]
        assert (letter.state, len(host.messages), house.waits) == (state, seen, waits)
        assert letter.attempts == seen
        if state in ("sent", "unsure", "dead") or letter.not_before:
            house.deliver()
            assert len(host.messages) == seen, "nothing is sent again by itself"
    said = house.written() + caplog.text + "".join(capsys.readouterr()) + repr(report)
    assert "canary" not in said and "/send" not in said


@pytest.mark.parametrize(
    ("state", "error"), [(HANG, Incomplete), ((429, {}, ""), Undelivered)]
)
def test_it_is_told(house: House, state: Any, error: type[Exception]) -> None:
    with robot(state) as host:
        house.add_robot(host.port, timeout=2)
        report = house.deliver()
    with pytest.raises(Incomplete) as caught:
        raise_open(report)
    assert type(caught.value) is error and caught.value.exit_code == 12


def test_nobody_at_the_port(house: House) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        house.add_robot(free.getsockname()[1])
        letter = the_one(house)
    assert (letter.state, letter.why, letter.attempts) == ("pending", "robot_away", 3)
    with robot(TAKEN) as host:
        house.add_robot(host.port)
        assert the_one(house).state == "sent" and len(host.messages) == 1


def test_an_unsure_digest_goes_out_again_when_a_person_says_so(house: House) -> None:
    with robot(HANG, TAKEN) as host:
        house.add_robot(host.port, timeout=2)
        letter = the_one(house)
        assert (letter.state, letter.why) == ("unsure", "no_answer")
        assert the_one(house, letter.id[:8]).state == "sent" and len(host.messages) == 2


def test_an_unsure_digest_may_be_taken_for_received(house: House) -> None:
    with robot(HANG) as host:
        house.add_robot(host.port, timeout=2)
        letter = the_one(house)
        (now,) = house.deliver(received=(letter.id,)).letters
        assert (now.state, now.why, len(host.messages)) == (
            "sent",
            "taken_for_received",
            1,
        )


def test_one_that_hangs_does_not_hold_up_the_others(house: House) -> None:
    with robot(HANG) as bad, robot(TAKEN) as good:
        house.add_robot(bad.port, "a_bad", timeout=2)
        place = house.add_folder("b_share")
        house.add_robot(good.port, "c_good")
        report = house.deliver()
    assert (
        report.counts["unsure"] == 1
        and len(good.messages) == 1
        and list(place.glob("*/*/*"))
    )


def test_a_host_that_wants_to_be_left_alone_is(house: House) -> None:
    """Ten minutes is what DingTalk shuts a robot for: not this delivery, and not the next one either."""
    with robot(code(130101)) as host:
        house.add_robot(host.port)
        letter = the_one(house)
        assert (
            letter.not_before is not None
            and the_one(house) == letter
            and len(host.messages) == 1
        )


# -- what is said ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vendor", "text"),
    [
        ("dingtalk", lambda body: body["text"]["content"]),
        ("wecom", lambda body: body["text"]["content"]),
        ("feishu", lambda body: body["content"]["text"]),
        ("plain", lambda body: body["text"]),
    ],
)
def test_a_digest_holds_counts_and_no_customer(
    house: House, vendor: str, text: Any
) -> None:
    answer = (200, {}, '{"code": 0}') if vendor == "feishu" else TAKEN
    with robot(answer) as host:
        house.add_robot(host.port, type=vendor, link="https://office.telecom.example/")
        assert the_one(house).state == "sent"
    said = text(host.messages[0])
    assert (
        "2026-08" in said
        and "orders" in said
        and said.endswith("https://office.telecom.example/")
    )
    assert not [
        word
        for word in (PHONE, NAME, CUSTOMER, "bob", "经理", "M1")
        if word in json.dumps(host.messages[0])
    ]
    assert "canary" not in json.dumps(host.messages[0])


def test_other_words_for_the_same_counts_are_not_posted_anew(house: House) -> None:
    with robot(TAKEN) as host:
        house.add_robot(host.port)
        house.deliver()
        house.add_robot(host.port, link="https://office.telecom.example/")
        house.deliver()
        assert len(host.messages) == 1


def test_dingtalk_s_signature(house: House) -> None:
    with robot(TAKEN) as host:
        house.add_robot(host.port, secret_file=house.secret("SEC-canary", "sign"))
        assert the_one(house).state == "sent"
    asked = parse_qs(urlsplit(host.paths[0]).query)
    stamp, signature = asked["timestamp"][0], asked["sign"][0]
    wanted = hmac.new(
        b"SEC-canary", f"{stamp}\nSEC-canary".encode(), hashlib.sha256
    ).digest()
    assert base64.b64decode(signature) == wanted and asked["access_token"] == [
        "canary-token"
    ]


def test_feishu_s_signature(house: House) -> None:
    with robot((200, {}, '{"StatusCode": 0}')) as host:
        house.add_robot(
            host.port, type="feishu", secret_file=house.secret("SEC-canary", "sign")
        )
        assert the_one(house).state == "sent"
    body = host.messages[0]
    wanted = hmac.new(
        f"{body['timestamp']}\nSEC-canary".encode(), b"", hashlib.sha256
    ).digest()
    assert base64.b64decode(body["sign"]) == wanted


# -- where it may go ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://oapi.dingtalk.com/robot/send?access_token=canary-token",
        "https://oapi.dingtalk.com.evil.example/?access_token=canary-token",
        "https://evil.example/?x=oapi.dingtalk.com&access_token=canary-token",
        "https://canary-token@oapi.dingtalk.com/",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "ftp://oapi.dingtalk.com/",
        "not a link at all canary-token",
        "http://[::1",
        "",
    ],
)
def test_a_link_that_leads_elsewhere_is_not_called(house: House, url: str) -> None:
    house.channels["robot"] = {
        "kind": "robot",
        "type": "dingtalk",
        "url_file": house.secret(url, "url"),
    }
    letter = the_one(house)
    assert (letter.state, letter.why) == (
        "pending",
        "robot_host" if url else "no_secret",
    ) and house.waits == []
    assert "canary" not in house.written() and "evil" not in house.written()


def test_a_secret_that_is_not_there_is_named_by_its_file(house: House) -> None:
    house.channels["robot"] = {
        "kind": "robot",
        "type": "wecom",
        "url_file": str(house.folder / "nowhere"),
    }
    letter = the_one(house)
    assert (letter.why, letter.facts) == (
        "no_secret",
        {"file": str(house.folder / "nowhere")},
    )


def test_a_certificate_nobody_knows_is_not_talked_to(
    house: House, tmp_path: Path
) -> None:
    pem = certificate(tmp_path)
    with robot(TAKEN, pem=pem) as host:
        house.add_robot(host.port, scheme="https")
        letter = the_one(house)
        assert (letter.state, letter.why, host.messages, house.waits) == (
            "pending",
            "tls",
            [],
            [],
        )
        house.add_robot(host.port, scheme="https", ca_file=str(pem))
        assert the_one(house).state == "sent"


def test_the_proxy_of_the_channel_is_used_and_none_of_the_environment_s(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    with robot(TAKEN) as host:
        house.add_robot(host.port)
        assert the_one(house).state == "sent"
    with robot(TAKEN) as proxy:
        house.add_robot(9, "other", proxy=f"http://127.0.0.1:{proxy.port}")
        assert set(house.deliver().counts) == {"sent"}
    assert proxy.paths == ["http://127.0.0.1:9/send?access_token=canary-token"]


# -- what an answer means ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vendor", "status", "body", "meaning"),
    [
        ("wecom", 200, '{"errcode": 45009}', Later),
        ("wecom", 200, '{"errcode": 45033}', Later),
        ("wecom", 200, '{"errcode": 93000}', Closed),
        ("dingtalk", 200, '{"errcode": 410100}', Later),
        ("dingtalk", 200, '{"errcode": 310000}', Closed),
        ("dingtalk", 200, '{"errcode": 430101}', Rejected),
        ("feishu", 200, '{"code": 11232}', Later),
        (
            "feishu",
            400,
            '{"code": 99991400, "msg": "request trigger frequency limit"}',
            Later,
        ),
        ("feishu", 400, '{"code": 9499, "msg": "too many request", "data": {}}', Later),
        ("feishu", 200, '{"code": 9499, "msg": "Bad Request", "data": {}}', Rejected),
        ("feishu", 400, '{"code": 9499, "msg": "Bad Request", "data": {}}', Rejected),
        ("dingtalk", 400, '{"errcode": 9499, "errmsg": "too many request"}', Rejected),
        ("feishu", 200, '{"code": 19021}', Closed),
        ("plain", 200, '{"errcode": 310000}', None),
        ("feishu", 200, '{"code": "0"}', Unsure),
        ("dingtalk", 200, "[]", Unsure),
        ("dingtalk", 200, '{"errcode": true}', Unsure),
        ("dingtalk", 204, "", Unsure),
        ("plain", 504, "", Unsure),
        ("plain", 401, "", Closed),
        ("plain", 413, "", Rejected),
        ("plain", 400, '{"code": 11232}', Rejected),
    ],
)
def test_what_an_answer_means(
    vendor: str, status: int, body: str, meaning: type[Exception] | None
) -> None:
    with pytest.raises(meaning) if meaning else nullcontext():
        judge_answer(vendor, Answer(status, {}, body.encode()))


def test_a_robot_with_another_secret_waits_and_is_told_what_to_mend(
    house: House,
) -> None:
    with robot(code(310000), TAKEN) as host:
        house.add_robot(host.port)
        letter = the_one(house)
        assert (letter.state, letter.why, letter.facts) == (
            "pending",
            "robot_set_up",
            {"code": 310000},
        )
        for language, words in (("zh", "加签密钥"), ("en", "secret_file")):
            said = fill_label(language, f"deliver.why.{letter.why}", **letter.facts)
            assert words in said and "310000" in said
        assert the_one(house).state == "sent" and len(host.messages) == 2


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("12", 12), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", None), ("", None)],
)
def test_retry_after(said: str, seconds: float | None) -> None:
    with pytest.raises(Later) as caught:
        judge_answer("plain", Answer(429, {"retry-after": said}, b""))
    assert caught.value.after == seconds


@pytest.mark.parametrize(("status", "after"), [(429, 52), (400, 52)])
def test_feishu_s_gateway_says_how_long_to_wait(status: int, after: float) -> None:
    body = b'{"code": 99991400, "msg": "request trigger frequency limit"}'
    with pytest.raises(Later) as caught:
        judge_answer("feishu", Answer(status, {"x-ogw-ratelimit-reset": "52"}, body))
    assert caught.value.after == after


@pytest.mark.parametrize("vendor", ["dingtalk", "wecom", "feishu"])
def test_each_code_of_too_fast_stands_in_the_papers_with_its_source(
    vendor: str,
) -> None:
    text = (ROOT / "docs" / "deliveries.md").read_text(encoding="utf-8")
    named = {
        int(code)
        for code in re.findall(
            rf"^\| {vendor} \| (\d+) \|.*https://", text, re.MULTILINE
        )
    }
    assert named == TOO_FAST[vendor] | (
        {BAD_OR_TOO_FAST} if vendor == "feishu" else set()
    )
