"""Hold the price list; mobile shares give about 48 yuan a line, broadband about 44 (annual reports 2024: 44-49 and 44-48)."""

from dataclasses import dataclass

import numpy as np

from twin.codes import BROADBAND, FIXED_LINE, MOBILE, PRIVATE_LINE


@dataclass(frozen=True)
class Plan:
    """Hold one plan; the fee in yuan, None = nothing of the kind included."""

    kind: int
    name: str
    fee: int
    share: float
    minutes: int | None = None
    megabytes: int | None = None


PLANS = (
    Plan(MOBILE, "畅享9元", 9, 0.16, 30, 1024),
    Plan(MOBILE, "畅享19元", 19, 0.23, 100, 5120),
    Plan(MOBILE, "畅享39元", 39, 0.24, 200, 15360),
    Plan(MOBILE, "畅享59元", 59, 0.15, 300, 25600),
    Plan(MOBILE, "畅享79元", 79, 0.08, 500, 35840),
    Plan(MOBILE, "5G融合99元", 99, 0.06, 600, 46080),
    Plan(MOBILE, "5G融合129元", 129, 0.04, 800, 61440),
    Plan(MOBILE, "5G融合159元", 159, 0.02, 1000, 81920),
    Plan(MOBILE, "5G尊享199元", 199, 0.013, 1500, 102400),
    Plan(MOBILE, "5G尊享239元", 239, 0.007, 2000, 153600),
    Plan(BROADBAND, "宽带100M", 20, 0.15),
    Plan(BROADBAND, "宽带300M", 30, 0.35),
    Plan(BROADBAND, "宽带500M", 50, 0.30),
    Plan(BROADBAND, "宽带1000M", 70, 0.15),
    Plan(BROADBAND, "宽带2000M", 100, 0.05),
    Plan(FIXED_LINE, "固话15元", 15, 0.60, 100),
    Plan(FIXED_LINE, "固话25元", 25, 0.30, 250),
    Plan(FIXED_LINE, "固话商务39元", 39, 0.10, 600),
    Plan(PRIVATE_LINE, "互联网专线20M", 300, 0.45),
    Plan(PRIVATE_LINE, "互联网专线100M", 800, 0.35),
    Plan(PRIVATE_LINE, "数据专线200M", 1800, 0.15),
    Plan(PRIVATE_LINE, "数据专线1000M", 4500, 0.05),
)

KIND = np.array([plan.kind for plan in PLANS])
FEE = np.array([plan.fee * 100 for plan in PLANS], np.int64)
SHARE = np.array([plan.share for plan in PLANS])
MINUTES = np.array([-1 if plan.minutes is None else plan.minutes for plan in PLANS])
MEGABYTES = np.array(
    [-1 if plan.megabytes is None else plan.megabytes for plan in PLANS]
)
MOBILE_PLANS = np.flatnonzero(KIND == MOBILE)
