"""Name the coded values of the contract; arrays hold positions in these tuples, and NONE for unknown."""

NONE = -1


def _pairs(letters: str) -> tuple[str, ...]:
    return tuple(letters[start : start + 2] for start in range(0, len(letters), 2))


CUSTOMER_TYPES = ("individual", "group")
INDIVIDUAL, GROUP = range(2)

SERVICE_TYPES = ("mobile", "broadband", "fixed_line", "private_line")
MOBILE, BROADBAND, FIXED_LINE, PRIVATE_LINE = range(4)

STATUSES = (
    "active",
    "suspended_arrears",
    "suspended_request",
    "pre_terminated",
    "terminated",
)
ACTIVE, SUSPENDED_ARREARS, SUSPENDED_REQUEST, PRE_TERMINATED, TERMINATED = range(5)

LEAVING_REASONS = ("voluntary", "port_out", "arrears", "relocation", "other")
VOLUNTARY, PORT_OUT, ARREARS, RELOCATION, OTHER = range(5)

CHANGE_REASONS = (
    "arrears",
    "payment",
    "request",
    "request_ended",
    "dismantle_request",
    "dismantled",
    "retained",
)
(
    BY_ARREARS,
    BY_PAYMENT,
    BY_REQUEST,
    REQUEST_ENDED,
    DISMANTLE_REQUEST,
    DISMANTLED,
    RETAINED,
) = range(7)

TIERS = ("none", "silver", "gold", "diamond")
PAYERS = ("prepaid", "prompt", "late", "bad")
PREPAID, PROMPT, LATE, BAD = range(4)

ADJUSTMENTS = ("credit_note", "write_off", "prepaid_applied")
CREDIT_NOTE, WRITE_OFF, PREPAID_APPLIED = range(3)

ROLES = ("direct_sales", "vip", "group")
DIRECT_SALES, VIP_ROLE, GROUP_ROLE = range(3)

CARD_STATUSES = ("valid", "void")
VALID, VOID = range(2)

TICKET_CATEGORIES = ("complaint", "fault", "enquiry", "other")
COMPLAINT, FAULT, ENQUIRY, OTHER_TICKET = range(4)
SEVERITIES = ("low", "high")
TOUCH_POINTS = ("hotline", "store", "app", "field_engineer", "outbound_call")
CHANNELS = ("own_store", "agent_store", "online", "group_sales", "community_grid")

ACTIVITY_KINDS = ("club", "festival_care", "campaign")
CLUB, FESTIVAL_CARE, CAMPAIGN = range(3)

LISTS = (
    "termination_save", "suspended_reactivation", "arrears", "fixed_arrears", "group_arrears", "renewal",
    "vip_zero_usage", "group_zero_usage", "cohort_at_risk", "churn_risk", "down_migration", "card_issue",
    "vip_allocation", "unclaimed", "points_redemption", "activity_invite",
)  # fmt: skip
SAVE_LISTS = ("termination_save",)
DEBT_LISTS = ("suspended_reactivation", "arrears", "fixed_arrears", "group_arrears")
GROUP_LISTS = ("group_arrears", "group_zero_usage")
ZERO_LISTS = ("vip_zero_usage", "group_zero_usage")
CLAIM_LISTS = ("vip_allocation", "unclaimed")

OUTCOMES = (
    "retained", "renewed", "paid", "promised", "card_delivered", "redeemed", "claimed", "reactivated", "accepted",
    "call_back", "refused", "no_answer", "wrong_number", "do_not_contact", "left_already",
)  # fmt: skip
SUCCESSES = (
    "retained",
    "renewed",
    "paid",
    "card_delivered",
    "redeemed",
    "claimed",
    "reactivated",
    "accepted",
)

PERSUASIONS = ("persuadable", "indifferent", "sleeping_dog")

SURNAMES = tuple(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余"
)
GIVEN = tuple(
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红建国志海波斌宇浩晨欣怡佳梓涵子轩雨桐思源嘉铭雪梅春秀"
)
PLACES = _pairs("临江云溪南浦东湖西岭北山青川白鹭金桥玉泉长乐新港华阳丰泽龙门凤鸣")
TRADES = _pairs("机电物流食品建材纺织医药教育农业汽配电子酒店物业商贸环保印刷能源")
BRANCHES = _pairs(
    "城关城东城西城南城北临港青阳石桥白沙双河东岭西湖南屏北渡桃源云台龙泉凤岗金沙银滩"
)
