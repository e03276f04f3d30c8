"""Know the work list as a manager does: its headers, its list names and its outcome words, in Chinese and in English."""

from dataclasses import dataclass

HEADERS = {
    "order_id": ("派单编号", "Order"),
    "list_title": ("派单类型", "List"),
    "customer_id": ("客户编号", "Customer id"),
    "service_id": ("业务号码编号", "Service id"),
    "evidence": ("上榜依据", "Why on the list"),
    "amount": ("金额（元）", "Amount (yuan)"),
    "due_on": ("截止日期", "Due on"),
    "outcome": ("联系结果", "Outcome"),
    "contacted_on": ("联系日期", "Contacted on"),
    "promised_amount": ("承诺金额（元）", "Promised amount"),
    "promised_on": ("承诺日期", "Promised on"),
    "note": ("备注", "Note"),
}
LIST_TITLES = {
    "termination_save": ("拆机挽留", "Termination save"),
    "suspended_reactivation": (
        "欠停激活",
        "Reactivation of services suspended for arrears",
    ),
    "arrears": ("欠费", "Arrears of high-value customers"),
    "fixed_arrears": ("数固欠费", "Arrears of broadband, fixed and private lines"),
    "group_arrears": ("集团欠费", "Arrears of groups and their members"),
    "renewal": ("到期续约", "Contracts and promotions that end soon"),
    "vip_zero_usage": ("高端零次户", "High-value customers with zero usage"),
    "group_zero_usage": ("集团零次户", "Groups with members of zero usage"),
    "cohort_at_risk": ("拍照会员维系", "Frozen-cohort members at risk"),
    "churn_risk": ("离网风险", "Churn risk"),
    "down_migration": ("低迁", "Down-migration and low saturation"),
    "card_issue": ("发卡", "VIP customers without a card"),
    "vip_allocation": ("新增高端", "New high-value customers"),
    "unclaimed": ("未认领", "Billed customers without a manager"),
    "points_redemption": ("积分兑换", "Points that can be redeemed"),
    "activity_invite": ("活动邀约", "Invitations to activities of next month"),
}
OUTCOME_WORDS = {
    "retained": ("已挽留", "Retained"),
    "renewed": ("已续约", "Renewed"),
    "paid": ("已缴费", "Paid"),
    "promised": ("承诺缴费", "Promised to pay"),
    "card_delivered": ("卡已送达", "Card delivered"),
    "redeemed": ("已兑换积分", "Points redeemed"),
    "claimed": ("已认领", "Claimed"),
    "reactivated": ("已复机", "Reactivated"),
    "accepted": ("已接受邀约", "Accepted"),
    "call_back": ("约定再联系", "Call back"),
    "refused": ("已拒绝", "Refused"),
    "no_answer": ("无人接听", "No answer"),
    "wrong_number": ("号码错误", "Wrong number"),
    "do_not_contact": ("要求不再联系", "Do not contact"),
    "left_already": ("已离网", "Left already"),
}
NEEDED = ("order_id", "list_title", "customer_id", "outcome", "contacted_on")
HIDDEN_TAB = "_office"  # what the file is, as name and value in its columns D and E


@dataclass(frozen=True)
class Header:
    """Where the columns of a work list stand: tab, row and column numbers as openpyxl counts, language 0 zh or 1 en."""

    tab: str
    row: int
    columns: dict[str, int]
    language: int


def find_header(tab: str, row: int, cells: tuple[object, ...]) -> Header | None:
    """Take a row for a work list's header if it has the columns one needs, in one language."""
    titles = {
        str(cell).strip(): place
        for place, cell in enumerate(cells, start=1)
        if cell is not None
    }
    for language in (0, 1):
        found = {
            name: titles[words[language]]
            for name, words in HEADERS.items()
            if words[language] in titles
        }
        if set(NEEDED) <= set(found):
            return Header(tab, row, found, language)
    return None
