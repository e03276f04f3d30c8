"""The list of faults: what each is called, what it changes, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from twin.faults import books as b
from twin.faults import cells as c
from twin.faults import files as f
from twin.faults.site import Change

Kind = Literal["container", "shape", "key", "value", "book"]
# What must come of it: the table is not read; its rows are set aside; they are read as if nothing were wrong, and
# counted; what is made of them must not be used, or may be used and says what is wrong; it is harmless.
Must = Literal["refused", "quarantined", "normalised", "withheld", "caveat", "nothing"]


@dataclass(frozen=True)
class Fault:
    """A way a delivery can be wrong.

    `changes` names the damaged tables, or `table.column…`; `share` is of the table's rows. `lingers`: what the month
    after makes of the faulty one is to be looked at too.
    """

    name: str
    kind: Kind
    must: Must
    changes: str
    share: float
    plant: Change
    zh: str
    en: str
    lingers: bool = False

    def __reduce__(self) -> tuple[Callable[[str], Fault], tuple[str]]:
        """Travel to another process by name: the change itself is a function made on the spot."""
        return find_fault, (self.name,)

    @property
    def tables(self) -> tuple[str, ...]:
        """The damaged tables; the first is the one the fault is about."""
        return tuple(name.partition(".")[0] for name in self.changes.split())

    @property
    def columns(self) -> tuple[str, ...]:
        """The damaged columns of its table; none where the fault is about whole rows or the file."""
        return (
            tuple(self.changes.split()[0].split(".")[1:])
            if len(self.tables) == 1
            else ()
        )

    @property
    def is_text(self) -> bool:
        """Whether it can only be told in a text file, so that the table is written as CSV."""
        return self.kind != "book"


_EVERY = b.ABOUT_CUSTOMERS

_ALL = (
    # -- container: the file as such
    Fault("empty_file", "container", "refused", "usage", 1, f.bytes_changed(lambda x: b""),
          "零字节文件", "a file of 0 bytes"),
    Fault("cut_csv", "container", "refused", "receivable", 1, f.bytes_changed(f.cut_in_a_row),
          "CSV 半途截断", "a CSV that breaks off in a row"),
    Fault("cut_parquet", "container", "refused", "usage", 1, f.cut_parquet,
          "Parquet 截断", "a Parquet file that breaks off"),
    Fault("cut_gzip", "container", "refused", "vip_card", 1, f.bytes_changed(lambda x: f.as_gzip(x)[:-30], "csv.gz"),
          "gz 截断", "a gzip file that breaks off"),
    Fault("html_as_xlsx", "container", "refused", "vip_card", 1,
          f.bytes_changed(lambda x: b"<html><table></table></html>", "xlsx"),
          "HTML 冒充 xlsx", "an HTML page named .xlsx"),
    Fault("nul_byte", "container", "refused", "loyalty", 1, f.bytes_changed(lambda x: x.replace(b",", b",\0", 9)),
          "字段含 NUL", "a NUL byte in a field"),
    Fault("mixed_encodings", "container", "refused", "account_manager", 1, f.bytes_changed(f.half_in("gbk")),
          "一个文件两种编码", "half UTF-8, half GBK"),
    Fault("mojibake", "container", "refused", "account_manager", 1,
          f.bytes_changed(lambda x: x.decode("gbk", "replace").encode()),
          "乱码", "UTF-8 that was read as GBK"),
    Fault("same_rows_in_two_parts", "container", "refused", "usage", 1, f.delivered_in_parts(((0, 1), (0, 1))),
          "同一文件两个名字", "the same file as two parts"),
    Fault("bill_cut", "container", "refused", "bill", 1, f.bytes_changed(f.cut_in_a_row),
          "账单截断", "bills that break off in a row"),
    Fault("gb18030", "container", "nothing", "customer", 1, f.encoded("gb18030"),
          "GB18030 编码", "GB18030"),
    Fault("utf_8_mark", "container", "nothing", "service", 1, f.encoded("utf-8-sig"),
          "UTF-8 带 BOM", "UTF-8 with a byte-order mark"),
    Fault("line_ends", "container", "nothing", "bill", 1, f.bytes_changed(lambda x: x.replace(b"\n", b"\r\n")),
          "CR+LF 行尾", "CR+LF line ends"),
    Fault("compressed", "container", "nothing", "payment", 1, f.bytes_changed(f.as_gzip, "csv.gz"),
          "压缩的 CSV", "a compressed CSV"),
    Fault("two_parts", "container", "nothing", "usage", 1, f.delivered_in_parts(((0, 0.5), (0.5, 1))),
          "分两个文件", "a table in two parts"),
    # -- shape: the rows and columns as such
    Fault("column_twice", "shape", "refused", "receivable.open_amount", 1, f.column_twice,
          "表头重复", "a column under the same name twice"),
    Fault("column_missing", "shape", "refused", "usage.data_mb", 1, f.column_missing,
          "缺必填列", "a required column is missing"),
    Fault("bill_without_amount", "shape", "refused", "bill.billed_amount", 1, f.column_missing,
          "账单缺金额列", "bills without amount"),
    Fault("bill_header_only", "shape", "refused", "bill", 1, f.lines_changed(lambda lines, n: lines[:1]),
          "账单只有表头", "bills with a header and no rows"),
    Fault("header_only", "shape", "withheld", "receivable", 1, f.lines_changed(lambda lines, n: lines[:1]),
          "欠费只有表头", "a header and no rows"),
    Fault("quote_opened", "shape", "refused", "account_manager", 1, f.lines_changed(f.quote_opened),
          "引号未闭合", "a quote that is not closed"),
    Fault("wrong_delimiter", "shape", "refused", "usage", 1, f.bytes_changed(lambda x: x.replace(b",", b"|")),
          "分隔符错误", "| as delimiter"),
    Fault("ragged_rows", "shape", "quarantined", "usage", 0.02, f.lines_changed(f.ragged),
          "行列数不齐", "rows with too many cells"),
    Fault("total_row", "shape", "quarantined", "payment", 0.0001, f.lines_changed(f.totalled),
          "末尾合计行", "a total row below"),
    Fault("title_row", "shape", "nothing", "vip_card", 1, f.lines_changed(f.titled),
          "表头上有标题行", "a title above the header"),
    Fault("blank_lines", "shape", "nothing", "bill", 1, f.lines_changed(f.spaced),
          "空行与表头空格", "blank lines, blanks round the names"),
    Fault("unknown_column", "shape", "nothing", "customer", 1, f.column_added,
          "多余的列", "a column more, another order"),
    Fault("row_order", "shape", "nothing", "bill", 1, c.shuffled,
          "行序不同", "another order of the rows"),
    # -- key: who a row is about
    Fault("lost_zeros", "key", "quarantined", "receivable.customer_id", 1, c.cells_changed(lambda x: x.lstrip("0")),
          "编号前导零丢失", "ids without their leading zeros"),
    Fault("some_lost_zeros", "key", "quarantined", "ownership.customer_id", 0.05,
          c.cells_changed(lambda x: x.lstrip("0")),
          "部分前导零丢失", "some ids without their leading zeros"),
    Fault("scientific_ids", "key", "quarantined", "receivable.customer_id", 0.03, c.cells_changed(c.scientific),
          "科学计数法编号", "ids in scientific notation"),
    Fault("null_words", "key", "quarantined", "bill.customer_id", 0.02, c.cells_changed(lambda x: "NULL"),
          "编号写成 NULL", "NULL as id"),
    Fault("contradicting_rows", "key", "quarantined", "customer.vip_tier", 0.02, c.contradicted("gold", "silver"),
          "同一主键内容矛盾", "a key with two contents"),
    Fault("unknown_customers", "key", "quarantined", "receivable.customer_id", 0.1,
          c.cells_changed(lambda x: "9" + x[1:]),
          "欠费客户不存在", "arrears of unknown customers"),
    Fault("unknown_services", "key", "quarantined", "usage.service_id", 0.03, c.cells_changed(lambda x: "SX" + x[2:]),
          "用量号码不存在", "usage of unknown lines"),
    Fault("repeated_rows", "key", "normalised", "bill", 0.05, c.repeated(),
          "完全重复的行", "rows delivered twice, exactly"),
    Fault("full_width_ids", "key", "normalised", "usage.service_id", 0.05, c.cells_changed(c.full_width),
          "全角编号", "ids in full width"),
    Fault("invisible_signs", "key", "normalised", "bill.customer_id", 0.05,
          c.cells_changed(lambda x: f"\u200b{x}\u00a0"),
          "编号含零宽字符", "ids with invisible signs"),
    # -- value: what a row says
    Fault("money_signs", "value", "normalised", "bill.billed_amount", 1, c.cells_changed(c.separated),
          "金额带货币符号", "￥1,234.50"),
    Fault("date_forms", "value", "normalised", "service.activated_on", 0.3, c.cells_changed(c.chinese_date),
          "日期写法不一", "2026年10月31日"),
    Fault("phone_forms", "value", "normalised", "customer.phone", 0.3, c.cells_changed(c.with_country),
          "电话写法不一", "+86 154-1234-5678"),
    Fault("hostile_names", "value", "nothing", "customer.name", 0.05,
          c.set_to("=cmd|'/c calc'!A1<script>alert(1)</script>"),
          "恶意姓名", "names that are formulas and scripts"),
    Fault("nan_amounts", "value", "quarantined", "bill.billed_amount", 0.02, c.set_to("NaN"),
          "金额 NaN", "NaN as amount"),
    Fault("three_decimals", "value", "quarantined", "payment.amount", 0.02, c.cells_changed(lambda x: x + "5"),
          "金额三位小数", "amounts with three decimals"),
    Fault("broken_counts", "value", "quarantined", "usage.voice_calls", 0.02, c.set_to("5.6"),
          "次数为小数", "5.6 as a count"),
    Fault("negative_usage", "value", "quarantined", "usage.data_mb", 0.03, c.set_to("-120"),
          "负的流量", "usage below zero"),
    Fault("endless_calls", "value", "quarantined", "usage.voice_minutes", 0.02, c.set_to("99999"),
          "通话超过整月", "more minutes than the month has"),
    Fault("impossible_days", "value", "quarantined", "bill.due_on", 0.02, c.set_to("2026-02-30"),
          "不存在的日期", "30 February"),
    Fault("short_years", "value", "quarantined", "ownership.valid_from", 0.03, c.cells_changed(lambda x: x[2:]),
          "两位数年份", "two-digit years"),
    Fault("unknown_status", "value", "quarantined", "service.status", 0.02, c.set_to("frozen"),
          "未知状态码", "a status nobody knows"),
    Fault("future_activation", "value", "quarantined", "service.activated_on", 0.02, c.set_to("2031-01-01"),
          "未来的入网日期", "activated after the cut-off"),
    Fault("contract_before_start", "value", "quarantined", "service.contract_end_on", 0.05, c.set_to("1999-12-31"),
          "合约止于起始之前", "contracts that end before they begin"),
    # -- book: bills
    Fault("bills_in_fen", "book", "withheld", "bill.billed_amount", 1, b.times(100),
          "账单以分交付", "all bills in fen", lingers=True),
    Fault("bills_in_fen_branch", "book", "withheld", "bill.billed_amount", 0.25, b.times(100, b.in_a_branch),
          "一个支局账单以分交付", "one branch's bills in fen"),
    Fault("bills_in_fen_some", "book", "withheld", "bill.billed_amount", 0.05, b.times(100),
          "5% 账单以分交付", "one bill in twenty in fen"),
    Fault("bills_branch_missing", "book", "withheld", "bill", 0.25, c.removed(b.in_a_branch),
          "一个支局无账单", "one branch without bills", lingers=True),
    Fault("bills_day_missing", "book", "caveat", "bill", 0.033, c.removed(b.a_run),
          "缺一天的账单", "a day's bill run missing"),
    Fault("bills_again", "book", "withheld", "bill", 1, b.last_month_again,
          "上月账单重送", "last month's bills under this month's name"),
    Fault("bills_amounts_again", "book", "withheld", "bill.billed_amount.adjustment_amount", 1,
          b.as_last_month("service_id"),
          "上月金额重送", "last month's amounts in this month's bills"),
    Fault("bills_twice", "book", "withheld", "bill", 1, c.repeated("R"),
          "账单整份重复", "every bill twice, under two ids"),
    Fault("bills_twice_some", "book", "caveat", "bill", 0.03, c.repeated("R"),
          "部分账单重复", "some bills twice, under two ids"),
    Fault("bills_of_two_months", "book", "refused", "bill.bill_month", 0.05, b.mixed_months,
          "账期混杂", "bills of two months in one file"),
    Fault("bills_of_ended_lines", "book", "quarantined", "bill", 0.01, b.joined_from_before(b.ended_lines),
          "已销户仍出账", "lines that ended are still billed"),
    Fault("bill_credits_lost", "book", "caveat", "bill.adjustment_amount", 1, c.set_to(None),
          "账单减免丢失", "credit notes on bills lost"),
    # -- book: arrears, payments, adjustments
    Fault("arrears_in_fen", "book", "withheld", "receivable.open_amount", 1, b.times(100),
          "欠费以分交付", "all open amounts in fen", lingers=True),
    Fault("arrears_above_bill", "book", "caveat", "receivable.open_amount", 0.05, b.times(3),
          "欠费高于账单", "open amounts above their bills"),
    Fault("arrears_unbilled", "book", "caveat", "receivable.bill_id", 0.03, c.cells_changed(lambda x: "BX" + x[2:]),
          "欠费无对应账单", "open bills nobody billed"),
    Fault("arrears_of_paid_bills", "book", "caveat", "receivable", 0.05, b.reopened,
          "已付账单仍欠费", "settled bills shown as open"),
    Fault("arrears_lost", "book", "withheld", "receivable", 0.2, c.removed(),
          "部分欠费丢失", "one open bill in five missing"),
    Fault("arrears_again", "book", "withheld", "receivable", 1, b.last_month_again,
          "上月欠费重送", "last month's open bills again"),
    Fault("arrears_due_later", "book", "withheld", "receivable.due_on", 1, b.moved(years=1),
          "应缴日推迟一年", "due days a year late"),
    Fault("payments_lost", "book", "withheld", "payment", 0.5, c.removed(),
          "一半缴费丢失", "half the payments missing"),
    Fault("payments_twice", "book", "withheld", "payment", 1, c.repeated("R"),
          "缴费重复计入", "payments counted twice"),
    Fault("payments_in_fen", "book", "withheld", "payment.amount", 1, b.times(100),
          "缴费以分交付", "payments in fen"),
    Fault("payments_of_last_month", "book", "caveat", "payment.paid_on", 0.3, b.moved(months=-1),
          "缴费日期在上月", "payments dated to last month"),
    Fault("credit_notes_late", "book", "caveat", "adjustment", 0.05, b.joined_from_before(b.credit_notes),
          "迟到的红字", "last month's credit notes come again"),
    Fault("adjustments_lost", "book", "withheld", "adjustment", 1, c.removed(),
          "调整全部丢失", "no adjustments at all"),
    # -- book: lines
    Fault("branch_missing", "book", "withheld", _EVERY, 0.25, b.without(_EVERY, b.in_a_branch),
          "缺一个支局", "a branch is missing from every table", lingers=True),
    Fault("lines_vanished", "book", "withheld", "service bill usage", 0.06, b.without("service bill usage", c.some),
          "号码无故消失", "lines gone without an end"),
    Fault("ends_hidden", "book", "withheld", "service bill usage status_change", 0.016,
          b.without("service bill usage status_change", b.where("status", "terminated")),
          "销户被隐去", "the lines that ended are left out", lingers=True),
    Fault("status_reset", "book", "withheld", "service.status", 1, c.set_to("active"),
          "状态全部重置", "every line active", lingers=True),
    Fault("status_of_last_month", "book", "caveat", "service.status", 1, b.as_last_month("service_id"),
          "上月状态", "last month's statuses"),
    Fault("reasons_lost", "book", "caveat", "service.termination_reason", 1, c.set_to(None),
          "离网原因丢失", "reasons for leaving lost"),
    Fault("activation_moved", "book", "withheld", "service.activated_on", 1, b.moved(years=-1),
          "入网日期偏移", "activation a year early"),
    Fault("contracts_moved", "book", "withheld", "service.contract_end_on", 1, b.moved(years=1),
          "合约到期偏移一年", "contract ends a year late"),
    Fault("fees_dropped", "book", "caveat", "service.plan_fee", 1, c.set_to("0.00"),
          "套餐费清零", "plan fees of nothing"),
    Fault("plans_unknown", "book", "caveat", "service.plan_id", 1, c.cells_changed(lambda x: "Q" + x[1:]),
          "套餐编码未知", "plan ids nobody lists"),
    Fault("lines_excluded", "book", "withheld", "service.is_excluded", 0.1, c.set_to("true"),
          "误标测试号", "one line in ten marked as test line"),
    Fault("types_mixed", "book", "withheld", "service.service_type", 0.1, c.set_to("private_line"),
          "业务类型错乱", "one line in ten of another type"),
    Fault("customers_merged", "book", "withheld", "service bill", 0.2, b.merged,
          "多客户并为一个", "one line in five booked on one customer"),
    # -- book: usage
    Fault("usage_again", "book", "withheld", "usage", 1, b.last_month_again,
          "上月用量重送", "last month's usage again"),
    Fault("usage_zero_branch", "book", "withheld", "usage.voice_calls.voice_minutes.sms_count.data_mb", 0.25,
          c.set_to("0", b.in_a_branch),
          "一个支局用量为零", "one branch used nothing"),
    Fault("usage_in_kb", "book", "withheld", "usage.data_mb", 1, b.times(1024),
          "流量以 KB 交付", "data in KB"),
    Fault("usage_lost", "book", "withheld", "usage", 0.3, c.removed(),
          "三成用量丢失", "three rows in ten missing"),
    Fault("minutes_in_seconds", "book", "withheld", "usage.voice_minutes", 1, b.times(60),
          "分钟数为秒", "seconds for minutes"),
    # -- book: customers, house, care
    Fault("tiers_reset", "book", "withheld", "customer.vip_tier", 1, c.set_to("none"),
          "等级全部清空", "every tier none", lingers=True),
    Fault("consents_lost", "book", "withheld", "customer.do_not_contact", 1, c.set_to("false"),
          "免打扰标记丢失", "nobody refuses contact any more"),
    Fault("groups_unknown", "book", "caveat", "customer.group_customer_id", 0.5,
          c.cells_changed(lambda x: "9" + x[1:]),
          "集团编码未知", "groups that are not listed"),
    Fault("registrations_lost", "book", "caveat", "customer.is_key_account_registered", 1, c.set_to("false"),
          "建档标记丢失", "no group registered"),
    Fault("owners_ended", "book", "withheld", "ownership.valid_to", 0.15, b.ended_early,
          "归属断档", "ownership ends and nobody follows"),
    Fault("owners_doubled", "book", "caveat", "ownership", 0.1, b.doubly_owned,
          "双重归属", "two owners on one day"),
    Fault("owners_branch_unknown", "book", "withheld", "ownership.branch_id", 0.25, c.set_to("B999", b.in_a_branch),
          "归属支局未知", "customers of a branch that is not there"),
    Fault("owners_rotated", "book", "withheld", "ownership.manager_id", 1, b.rotated,
          "客户经理错位", "every customer with the next manager"),
    Fault("managers_lost", "book", "withheld", "ownership.manager_id", 0.25, c.set_to(None, b.in_a_branch),
          "一个支局无客户经理", "one branch without managers"),
    Fault("tree_broken", "book", "caveat", "organisation.parent_id", 1, c.cells_changed(lambda x: "X" + x),
          "组织树断裂", "parents nobody lists"),
    Fault("capacity_zero", "book", "withheld", "account_manager.capacity", 1, c.set_to("0"),
          "能力为零", "managers without capacity"),
    Fault("managers_inactive", "book", "withheld", "account_manager.is_active", 1, c.set_to("false"),
          "经理全部停用", "no manager active"),
    Fault("complaints_again", "book", "withheld", "trouble_ticket", 1, b.last_month_again,
          "上月工单重送", "last month's tickets again"),
    Fault("complaints_recoded", "book", "withheld", "trouble_ticket.category", 1,
          c.set_to("enquiry", b.where("category", "complaint")),
          "投诉记为咨询", "complaints coded as enquiries"),
    Fault("points_negative", "book", "caveat", "loyalty.points_balance", 0.2, b.times(-1),
          "积分为负", "points below zero"),
    Fault("points_tenfold", "book", "withheld", "loyalty.points_balance", 1, b.times(10),
          "积分放大十倍", "ten times the points"),
    Fault("cards_void", "book", "withheld", "vip_card.card_status", 1, c.set_to("void"),
          "会员卡全部失效", "every card void"),
    Fault("cards_undelivered", "book", "withheld", "vip_card.delivered_on", 1, c.set_to(None),
          "卡派送日期丢失", "no card delivered"),
)  # fmt: skip

FAULTS = {fault.name: fault for fault in _ALL}


def find_fault(name: str) -> Fault:
    """Find a fault by its name."""
    return FAULTS[name]
