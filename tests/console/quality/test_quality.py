"""The pages of quality on a month that the real gate found fault with: look, waive, run again, release, restate."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from pipelines.core.errors import Busy, GateStopped, SourceNotReady
from pipelines.jobs.run import run_month
from pipelines.store.lake import MonthFolder
from pipelines.store.releases import Releaser, find_release, record_release
from pipelines.store.waivers import read_waivers
from tests.console.quality.findings import SEPTEMBER, SHARE, TWICE, september_town
from tests.support.console.visitors import DEBTORS, Console
from tests.support.small import own_settings, ungated_job

MONTH_PAGE = f"/quality/{SEPTEMBER}/"
FINDING_PAGE = f"{MONTH_PAGE}findings/{TWICE}/"


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def work(console: Console) -> list[Any]:
    """Do what was asked for, from the delivery beside the home."""
    from console.errands.work import do_errands

    source = str(console.home.parent / "source")
    return do_errands(console.home, own_settings(source=source, holdout_share=0))


def errands() -> list[tuple[str, str, str]]:
    from console.models import Errand

    rows = Errand.objects.order_by("pk")
    return [(row.kind, row.month, row.state) for row in rows]


def test_findings_stand_by_harm_with_what_they_touch_and_masked_rows(
    found: Console,
) -> None:
    qi = found.visit("qi")
    assert qi.get("/").url == "/quality/"
    assert "3 个待处理问题" in text_of(qi.get("/quality/"))
    page = text_of(qi.get(MONTH_PAGE))
    assert page.index(TWICE) < page.index("usage.quarantined_share_half")
    assert "已隔离 2 行" in page
    finding = text_of(qi.get(FINDING_PAGE))
    assert "零次" in finding and "*****" in finding
    for _manager, _branch, name, phone in DEBTORS.values():
        assert name not in page + finding and phone not in page + finding
    assert qi.get(f"{MONTH_PAGE}findings/no.such/").status_code == 404
    for month in ("2020-01", "nonsense"):
        assert qi.get(f"/quality/{month}/").status_code == 404


def test_what_was_set_aside_is_fetched_with_its_lines_to_be_sent_back(
    found: Console,
) -> None:
    answer = found.visit("qi").get(f"{MONTH_PAGE}set-aside/")
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert [row[0] for row in rows if "ann-1" in row] == [2, 7]  # lines of the file
    assert "安哨兵" not in str(rows) and "13900000001" not in str(rows)
    assert found.entries(action="set_aside")[-1].actor == "qi"


@pytest.mark.parametrize(
    "said",
    [{"why": " ", "until": str(SEPTEMBER)}, {"why": "x", "until": "2026-08"}, {}],
    ids=["no reason", "an end before the month", "nothing"],
)
def test_a_waiver_wants_a_reason_and_an_end(
    found: Console, said: dict[str, str]
) -> None:
    answer = found.visit("qi").post(FINDING_PAGE, said)
    assert answer.status_code == 422 and 'role="alert"' in text_of(answer)
    assert read_waivers(found.home) == [] and errands() == []


def test_a_waiver_is_the_one_of_the_command_and_asks_for_a_run_once(
    found: Console,
) -> None:
    from console.models import AuditEntry

    qi = found.visit("qi")
    for finding in (TWICE, SHARE):
        said = {"why": "退款月 & <b>", "until": "2026-10", "run": "yes"}
        answer = qi.post(f"{MONTH_PAGE}findings/{finding}/", said)
        assert answer.status_code == 302
    told = [
        (waiver.finding, waiver.why, waiver.until, waiver.by)
        for waiver in read_waivers(found.home)
    ]
    assert told == [(name, "退款月 & <b>", "2026-10", "qi") for name in (TWICE, SHARE)]
    assert errands() == [("run", str(SEPTEMBER), "waiting")]
    assert AuditEntry.objects.filter(actor="qi", action="waive").count() == 2
    assert "退款月 &amp; &lt;b&gt;" in text_of(qi.get("/quality/"))


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"version": "1"}, "请勾选"),
        ({"version": "2", "sure": "yes"}, "新版本"),
        ({"sure": "yes"}, "新版本"),
    ],
    ids=["not looked", "another version", "none"],
)
def test_a_release_is_of_the_version_that_was_looked_at(
    found: Console, said: dict[str, str], problem: str
) -> None:
    answer = found.visit("qi").post(f"{MONTH_PAGE}release/", said)
    assert answer.status_code == 422 and problem in text_of(answer)
    assert errands() == []


def test_a_month_goes_from_its_findings_to_its_release_and_is_restated(
    found: Console,
) -> None:
    """Waived, run again, released and, once its delivery was corrected, restated: all by pages and the one process."""
    from console.models import Order

    qi = found.visit("qi")
    for finding in (TWICE, SHARE):
        said = {"why": "seen", "until": str(SEPTEMBER)}
        qi.post(f"{MONTH_PAGE}findings/{finding}/", said)
    qi.post(f"{MONTH_PAGE}run/")
    assert (
        qi.post(f"{MONTH_PAGE}release/", {"version": "1", "sure": "yes"}).status_code
        == 422
    )
    assert [one.state for one in work(found)] == ["done"]
    page = text_of(qi.get(MONTH_PAGE))
    assert page.count("已接受") >= 2 and "第 2 版" in page
    marked = text_of(qi.get(FINDING_PAGE))
    assert "已记录接受" in marked and 'id="waive"' not in marked

    qi.post(f"{MONTH_PAGE}release/", {"version": "2", "sure": "yes"})
    assert Order.objects.filter(release=str(SEPTEMBER)).count() == 0
    assert [one.state for one in work(found)] == ["done"]
    assert Order.objects.filter(release=str(SEPTEMBER)).count() > 0
    release = find_release(MonthFolder(found.home, SEPTEMBER))
    assert release is not None
    assert (release.version, release.by, release.way) == (2, "qi", "console")
    assert "在工作台" in text_of(qi.get("/quality/"))
    again = qi.post(f"{MONTH_PAGE}release/", {"version": "2", "sure": "yes"})
    assert again.status_code == 422

    september_town(is_corrected=True).write(found.home.parent / "source")
    assert qi.get(f"{MONTH_PAGE}restated/").status_code == 404
    qi.post(f"{MONTH_PAGE}run/")
    assert [(one.kind, one.state) for one in work(found)] == [("restate", "done")]
    restated = text_of(qi.get(f"{MONTH_PAGE}restated/"))
    assert "v2 → v3" in restated
    assert find_release(MonthFolder(found.home, SEPTEMBER)) == release


def test_a_month_that_the_gate_stopped_is_looked_at_and_not_released(
    console: Console,
) -> None:
    town = september_town()
    for row in town.tables["service"]:
        row["status"] = "双停"
    source = town.write(console.home.parent / "source")
    with pytest.raises(GateStopped):
        run_month(ungated_job(console.home, source, SEPTEMBER))
    qi = console.visit("qi")
    assert "被闸门拦下" in text_of(qi.get("/quality/"))
    page = text_of(qi.get(MONTH_PAGE))
    assert "上次运行被数据闸门拦下" in page and "已隔离" in page
    assert f"{MONTH_PAGE}release/" not in page
    answer = qi.post(f"{MONTH_PAGE}release/", {"version": "1", "sure": "yes"})
    assert answer.status_code == 422 and errands() == []
    fetched = qi.get(f"{MONTH_PAGE}set-aside/")
    assert b"".join(fetched.streaming_content).startswith(b"PK")


# -- errands -------------------------------------------------------------------------------------------------------


def ask(kind: str = "run", **more: Any) -> Any:
    from console.errands.board import Wanted, ask_for

    return ask_for(Wanted(kind, str(SEPTEMBER), **more), "qi")


def test_what_fails_says_so_on_its_page(console: Console) -> None:
    errand = ask()
    from console.errands.work import do_errands

    do_errands(console.home, own_settings(source=None))
    errand.refresh_from_db()
    assert (errand.state, errand.said["error"]) == ("failed", "errand.no_source")
    assert errand.ended_at is not None


def test_a_month_in_use_is_tried_again_and_a_death_is_taken_up(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    from console.errands import work as working
    from console.models import Errand

    errand = ask()

    def be_busy(*_: Any) -> Any:
        raise Busy("run.busy", month=SEPTEMBER)

    monkeypatch.setitem(working._DEEDS, "run", be_busy)
    working.do_errands(console.home, own_settings())
    errand.refresh_from_db()
    assert (errand.state, errand.tries) == ("waiting", 0)
    assert working.do_errands(console.home, own_settings()) == []  # not before a minute

    def fail(*_: Any) -> Any:
        raise SourceNotReady("source.month_missing", month=SEPTEMBER)

    monkeypatch.setitem(working._DEEDS, "run", fail)
    for tries, state in ((1, "failed"), (3, "failed")):
        Errand.objects.filter(pk=errand.pk).update(
            state="begun", tries=tries, not_before=errand.asked_at
        )
        working.do_errands(console.home, own_settings())
        errand.refresh_from_db()
        assert errand.state == state
    assert errand.said["error"] == "errand.died"


def test_the_words_of_an_unknown_failure_are_told_to_nobody(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    from console.errands import work as working

    errand = ask()

    def die(*_: Any) -> Any:
        raise ValueError("安哨兵 13900000001")

    monkeypatch.setitem(working._DEEDS, "run", die)
    working.do_errands(console.home, own_settings())
    errand.refresh_from_db()
    assert errand.said == {"error": "errand.failed", "kind": "ValueError"}


def test_the_console_begins_one_process_when_something_waits(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    from console.errands.runner import ErrandRunner

    monkeypatch.delenv("RETENTION_SOURCE", raising=False)
    runner = ErrandRunner(console.home)
    runner.look()
    assert runner.process is None  # nothing waits
    errand = ask()
    runner.look()
    begun = runner.process
    assert begun is not None
    runner.look()
    assert runner.process is begun
    assert begun.wait(120) == 0
    errand.refresh_from_db()
    assert errand.said["error"] == "errand.no_source"


def test_the_same_asked_twice_is_one_errand(console: Console) -> None:
    assert ask().pk == ask().pk
    assert ask("release", version=1).pk != ask().pk


# -- who released --------------------------------------------------------------------------------------------------


def test_a_release_is_recorded_once_whoever_comes_second(console: Console) -> None:
    folder = MonthFolder(console.home, SEPTEMBER.plus(-1))
    first = find_release(folder)
    assert first is not None and first.way == "command"
    second = record_release(console.home, folder.version(), Releaser("li", "airflow"))
    assert second == first and find_release(folder) == first
    page = text_of(console.visit("qi").get("/quality/"))
    assert f"{first.by}，" in page and "用命令" in page
