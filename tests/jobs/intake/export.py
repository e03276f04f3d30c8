"""An operator's own export: Chinese file names, headers and codes, GBK, a title row; 40 customers, three months, six faults.

The faults stand in the last month: a state that nobody has a word for, a customer twice, a total below the bills, an
amount of three decimals, a payment of the month after, an id that a spreadsheet has turned into a power of ten.
"""

from __future__ import annotations

import calendar
import csv
import io
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

MONTHS = ("2026-08", "2026-09", "2026-10")
FAULTY = MONTHS[-1]
CUSTOMERS = 40
_BRANCHES = ("城关支局", "河东支局")
_PLANS = {"T59": "59.00", "T89": "89.00", "T129": "129.00", "Z1200": "1,200.00"}
Rows = list[list[str]]


def write_export(folder: Path) -> None:
    """Write the three months, each as its own folder of GBK files."""
    for month in MONTHS:
        (folder / month).mkdir(parents=True)
        _write_month(folder, month, list(_files(month, month == FAULTY)))


def correct_export(folder: Path, titles: Sequence[str]) -> None:
    """Write some of the last month's files again, without their faults."""
    _write_month(
        folder,
        FAULTY,
        [made for made in _files(FAULTY, is_faulty=False) if made[0] in titles],
    )


def _write_month(
    folder: Path, month: str, files: Sequence[tuple[str, Sequence[str], Rows]]
) -> None:
    for title, header, rows in files:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerows([[f"{title}（{month}）"], header, *rows])
        name = f"{title}_{month.replace('-', '')}.csv"
        (folder / month / name).write_bytes(text.getvalue().encode("gbk"))


def _files(month: str, is_faulty: bool) -> Iterator[tuple[str, Sequence[str], Rows]]:
    services = [
        n for n in range(1, CUSTOMERS + 1) if not (_left_in(n) and _left_in(n) < month)
    ]
    yield _customers(is_faulty)
    yield _services(month, services, is_faulty)
    yield _bills(month, services, is_faulty)
    yield _arrears(month, services)
    yield _payments(month, services, is_faulty)
    yield _usage(month, services, is_faulty)
    yield _owners()
    yield _managers()


def _left_in(n: int) -> str:
    return {7: "2026-09", 19: "2026-10", 31: "2026-10"}.get(n, "")


def _plan(n: int) -> str:
    return "Z1200" if n % 20 == 0 else ("T59", "T89", "T129")[n % 3]


def _customers(is_faulty: bool) -> tuple[str, Sequence[str], Rows]:
    header = [
        "客户编码",
        "客户名称",
        "客户类型",
        "VIP等级",
        "联系电话",
        "出生年份",
        "是否免打扰",
        "建档工号",
    ]
    rows = [
        [
            f"KH{n:06}",
            f"安平{n}厂" if n % 20 == 0 else f"客户{n}",
            "政企" if n % 20 == 0 else "公众",
            ("普通", "银卡", "金卡", "钻石卡")[n % 4],
            f"138{n:08}",
            "" if n % 20 == 0 else str(1960 + n),
            "是" if n == 13 else "否",
            "GH01",
        ]
        for n in range(1, CUSTOMERS + 1)
    ]
    return "客户资料", header, rows + rows[:1] if is_faulty else rows


def _services(
    month: str, services: Sequence[int], is_faulty: bool
) -> tuple[str, Sequence[str], Rows]:
    header = [
        "用户编码",
        "客户编码",
        "用户号码",
        "业务类型",
        "用户状态",
        "入网时间",
        "离网时间",
        "离网原因",
        "套餐编码",
    ]
    header += ["套餐月费", "合约到期日期"]
    rows: Rows = []
    for n in services:
        is_gone = _left_in(n) == month
        status = "拆机" if is_gone else "欠费停机" if n in (5, 11) else "在网"
        if is_faulty and n == 23:
            status = "挂失"
        kind = "专线" if n % 20 == 0 else "宽带" if n % 4 == 3 else "移动"
        left = (
            [f"{month}-20", "携号转网" if n == 19 else "主动拆机"]
            if is_gone
            else ["", ""]
        )
        joined = f"20{15 + n % 9}年{n % 12 + 1}月{n % 27 + 1}日"
        ends = f"2026/12/{n % 28 + 1}" if n % 5 == 0 else "2027/11/30"
        rows.append(
            [
                f"YH{n:06}",
                f"KH{n:06}",
                f"138{n:08}",
                kind,
                status,
                joined,
                *left,
                _plan(n),
                _PLANS[_plan(n)],
                ends,
            ]
        )
    return "用户资料", header, rows


def _bills(
    month: str, services: Sequence[int], is_faulty: bool
) -> tuple[str, Sequence[str], Rows]:
    header = [
        "账单编号",
        "用户编码",
        "客户编码",
        "账期",
        "出账金额",
        "调账金额",
        "缴费截止日",
    ]
    rows = [
        [
            _bill(month, n),
            f"YH{n:06}",
            f"KH{n:06}",
            month.replace("-", ""),
            f"￥{_PLANS[_plan(n)]}",
            "0.00",
            _due(month),
        ]
        for n in services
    ]
    if is_faulty:
        rows[3][4] = "58.005"
        rows.append(["合计", "", "", "", f"{len(services)}笔", "", ""])
    return "出账账单", header, rows


def _bill(month: str, n: int) -> str:
    return f"ZD{month.replace('-', '')}{n:04}"


def _due(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year + number // 12}-{number % 12 + 1:02}-15"


def _arrears(month: str, services: Sequence[int]) -> tuple[str, Sequence[str], Rows]:
    header = ["账单编号", "用户编码", "客户编码", "账期", "欠费金额", "缴费截止日"]
    months = MONTHS[: MONTHS.index(month) + 1]
    rows = [
        [
            _bill(m, n),
            f"YH{n:06}",
            f"KH{n:06}",
            m.replace("-", ""),
            _PLANS[_plan(n)].replace(",", ""),
            _due(m),
        ]
        for m in months
        for n in services
        if m == month or n in (5, 11)
    ]
    return "欠费明细", header, rows


def _payments(
    month: str, services: Sequence[int], is_faulty: bool
) -> tuple[str, Sequence[str], Rows]:
    header = ["缴费流水号", "客户编码", "账单编号", "缴费日期", "缴费金额"]
    place = MONTHS.index(month)
    if place == 0:
        return "缴费流水", header, []
    before, paid = MONTHS[place - 1], [n for n in services if n not in (5, 11)]
    rows = [
        [f"JF{month.replace('-', '')}{n:04}", f"KH{n:06}", _bill(before, n), f"{month}-{n % 14 + 1:02}",
         _PLANS[_plan(n)].replace(",", "")]
        for n in paid
    ]  # fmt: skip
    if is_faulty:
        rows[2][3] = "2026-11-02"
    return "缴费流水", header, rows


def _usage(
    month: str, services: Sequence[int], is_faulty: bool
) -> tuple[str, Sequence[str], Rows]:
    header = [
        "用户编码",
        "通话次数",
        "通话时长",
        "短信条数",
        "流量MB",
        "使用天数",
        "最后使用日期",
    ]
    draw, last = (
        random.Random(month),
        calendar.monthrange(*map(int, month.split("-")))[1],
    )
    rows: Rows = []
    for n in services:
        if n % 9 == 0:
            rows.append([f"YH{n:06}", "0", "0", "0", "0", "0", ""])
            continue
        days = draw.randrange(1, last + 1)
        counts = [
            draw.randrange(300),
            draw.randrange(900),
            draw.randrange(50),
            draw.randrange(60_000),
        ]
        rows.append([f"YH{n:06}", *map(str, counts), str(days), f"{month}-{days:02}"])
    if is_faulty:
        rows[9][0] = "8.6138E+11"
    return "使用量", header, rows


def _owners() -> tuple[str, Sequence[str], Rows]:
    header = ["客户编码", "生效日期", "失效日期", "支局", "客户经理工号"]
    rows = [
        [
            f"KH{n:06}",
            "2025-01-01",
            "",
            _BRANCHES[n % 2],
            "" if n % 10 == 1 else f"JL{n % 4 + 1:02}",
        ]
        for n in range(1, CUSTOMERS + 1)
    ]
    return "客户归属", header, rows


def _managers() -> tuple[str, Sequence[str], Rows]:
    header = ["客户经理工号", "姓名", "支局", "派单上限", "是否在岗"]
    names = ("李明", "王芳", "赵磊", "孙静")
    rows = [
        [f"JL{n:02}", name, _BRANCHES[(n + 1) % 2], "20", "是"]
        for n, name in enumerate(names, 1)
    ]
    return "客户经理", header, rows
