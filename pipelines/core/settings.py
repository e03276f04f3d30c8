"""The only reader of the environment: every setting, its default and its meaning."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import quote

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipelines.core.errors import Refused, SpecError

# Known to everybody who can read this file: good for trying things out and for reproducible tests,
# no protection. Nothing is released or taken back under it but in a demonstration
# (`require_own_key`).
DEVELOPMENT_KEY = "retention-office-development-key"


# What performance pay and fees are made by; SQL files name them as parameters.
PAY_RULES = (
    "pay_high_score",
    "pay_high_factor",
    "pay_low_score",
    "pay_low_factor",
    "pay_uncertified_factor",
    "output_fee",
)


# The numbers that change what a month's tables say.
_FIGURES_OF_A_MONTH = (
    "high_value_threshold",
    "lowest_reward_points",
    "small_denominator",
    "holdout_share",
    "private_line_score_cap",
    "private_line_score_deduction",
    "cool_down_days",
    "dispatch_working_day",
    "minimum_service",
    "duties_take_places",
    "value_horizon_months",
    "contact_cost",
    *PAY_RULES,
)

# In how many parts a table that grows may stand: as many as the first digits of an MD5 tell apart.
PART_COUNTS = (1, 16, 256)

_PREFIX = "RETENTION_"
_DOTENV = ".env"
# How like a setting's name another must be to be taken for a slip of it: HOLDOUT_SHAER is one of
# HOLDOUT_SHARE, while SOURCE_FOLDER, which docker-compose.yml reads, is none of SOURCE (0.63).
_LIKENESS = 0.75

CapacityRule = Literal["priority", "value"]
Engine = Literal["duckdb", "spark"]
ENGINES: tuple[str, ...] = get_args(Engine)


class Settings(BaseSettings):
    """Settings from RETENTION_* variables or `.env`."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=_DOTENV, extra="ignore", frozen=True
    )

    secret_key: SecretStr = Field(
        default=SecretStr(DEVELOPMENT_KEY),
        min_length=16,
        description="keys order ids, hold-out draws and row signatures",
    )
    demonstration: bool = Field(
        default=False,
        description="a trial: months may be released and sent under the key that everybody knows",
    )
    signed_returns: bool = Field(
        default=False,
        description="rows that come back without the signature of their workbook are refused",
    )
    high_value_threshold: Decimal = Field(
        default=Decimal("89.00"),
        ge=0,
        description="θ, yuan a month: mean revenue that makes a customer high-value",
    )
    lowest_reward_points: int = Field(
        default=1000, ge=0, description="points of the cheapest reward"
    )
    small_denominator: int = Field(
        default=30, ge=0, description="fewer are shown but not ranked"
    )
    holdout_share: Decimal = Field(
        default=Decimal("0.10"),
        ge=0,
        lt=1,
        description="share held out of persuasion lists",
    )
    private_line_score_cap: Decimal = Field(
        default=Decimal("1.07"),
        ge=1,
        description="over-achievement that the private-line score counts at most",
    )
    private_line_score_deduction: Decimal = Field(
        default=Decimal("0"),
        ge=0,
        description="points taken off the private-line score",
    )
    pay_high_score: Decimal = Field(
        default=Decimal("95"), ge=0, description="a quarter of such scores raises pay"
    )
    pay_high_factor: Decimal = Field(
        default=Decimal("1.1"), ge=0, lt=10, description="by how much, the next quarter"
    )
    pay_low_score: Decimal = Field(
        default=Decimal("80"),
        ge=0,
        description="a quarter of scores below it lowers pay "
        "(the printed rule says above, against its own first one)",
    )
    pay_low_factor: Decimal = Field(
        default=Decimal("0.9"), ge=0, lt=10, description="by how much, the next quarter"
    )
    pay_uncertified_factor: Decimal = Field(
        default=Decimal("0.5"), ge=0, le=1, description="pay without certificate"
    )
    output_fee: Decimal = Field(
        default=Decimal("10.00"),
        ge=0,
        description="yuan for an order whose success is verified",
    )
    cool_down_days: int = Field(
        default=60,
        ge=0,
        le=62,
        description="between two orders of one purpose, debt excepted",
    )
    dispatch_working_day: int = Field(
        default=3, ge=1, le=15, description="working day of m+1 on which orders go out"
    )
    start_working_day: int = Field(
        default=2,
        ge=1,
        le=15,
        description="working day of m+1 on which Airflow begins a month, at 06:00",
    )
    capacity_rule: CapacityRule | None = Field(
        default=None,
        description="who gets a manager's last places: by the order of the lists (priority), or by "
        "value; without, by value where duties go out beside the places, else by the order",
    )
    minimum_service: Decimal = Field(
        default=Decimal("0.5"),
        ge=0,
        le=1,
        description="share of debt and card orders served before value decides",
    )
    duties_take_places: bool = Field(
        default=True,
        description="orders of lists that hold nobody out (debt, card, claim, termination) need a "
        "manager's place; without, all of them go out beside the places",
    )
    value_horizon_months: int = Field(
        default=12, ge=1, le=60, description="months of revenue that an order may keep"
    )
    contact_cost: Decimal = Field(
        default=Decimal("5.00"), ge=0, description="yuan: what one order costs to work"
    )
    uplift_holdout_orders: int = Field(
        default=1000,
        ge=30,
        description="held-out orders of scored months before an uplift model is trained",
    )
    calendar_file: Path | None = Field(
        default=None, description="YAML of holidays and make-up days for unknown years"
    )
    gate_file: Path | None = Field(
        default=None,
        description="YAML of severities and thresholds of this installation",
    )
    scorecard_file: Path | None = Field(
        default=None, description="YAML of this installation's scorecard, over ours"
    )
    delivery_file: Path | None = Field(
        default=None,
        description="YAML of who is sent what; nothing is delivered without",
    )
    check_timeout_seconds: int = Field(
        default=600, ge=1, description="a table's checks that take longer count as red"
    )
    office_url: SecretStr | None = Field(
        default=None,
        description="SQLAlchemy URL of the office database; office.sqlite3 in the home without",
    )
    console_hosts: str | None = Field(
        default=None,
        description="names by which browsers reach the console over HTTPS, separated by commas; "
        "this machine alone without",
    )
    console_proxies: int = Field(
        default=0,
        ge=0,
        description="proxies of ours before the console, each of which adds who came to "
        "X-Forwarded-For",
    )
    console_second_factor: Literal["staff", "all"] = Field(
        default="staff",
        description="who comes in by an app's code besides the password: all but managers, or all",
    )
    console_idle_minutes: int = Field(
        default=30,
        ge=1,
        description="a session of the console that rests so long is over",
    )
    console_session_hours: int = Field(
        default=12,
        ge=1,
        description="a session of the console ends then, however it is used",
    )
    console_numbers_an_hour: int = Field(
        default=60, ge=1, description="customers' numbers that one manager may be shown"
    )
    console_today: date | None = Field(
        default=None,
        description="of a demonstration, whose months are long over: the day that the console "
        "takes for today",
    )
    console_errands: Literal["here", "elsewhere"] = Field(
        default="here",
        description="who runs and releases months as asked in the console: a process beside it, "
        "or `retention errands`",
    )
    source: str | None = Field(
        default=None,
        description="what the operator delivers, for what is asked in the console: a folder, or a "
        "YAML for a database",
    )
    airflow_url: str | None = Field(
        default=None,
        description="Airflow's address: its approvals hear of months released in the console",
    )
    airflow_user: str | None = Field(
        default=None, description="who answers Airflow's approvals for the console"
    )
    airflow_password_file: Path | None = Field(
        default=None, description="the file of that user's password"
    )
    keep_draft_days: int = Field(
        default=7,
        ge=1,
        description="a draft that nobody goes on with may go after so many days",
    )
    keep_version_days: int = Field(
        default=90,
        ge=1,
        description="a version that nothing speaks of any more may go then",
    )
    keep_months: int | None = Field(
        default=None,
        ge=25,
        description="months held, the rest may go; all of them without",
    )
    keep_export_days: int = Field(
        default=180,
        ge=1,
        description="an exported workbook or paper may go then, where tidy is given its folder",
    )
    keep_access_days: int = Field(
        default=365,
        ge=183,
        description="entries of the console's access log may go then; the law wants six months",
    )
    keep_lockout_days: int = Field(
        default=30,
        ge=1,
        description="wrong passwords that were counted for a lock-out may go then",
    )
    engine: Engine = Field(
        default="duckdb",
        description="what answers the SQL files: DuckDB here, or Spark beyond one machine",
    )
    table_parts: int = Field(
        default=1,
        description="parts in which a table stands that grows with customers: 1, 16 or 256",
    )
    spark_master: str | None = Field(
        default=None, description="Spark's master; all in this process without"
    )
    memory_limit: str = Field(
        default="6GB", description="the engine's memory before it spills to disk"
    )
    threads: int = Field(default=2, ge=1, description="the engine's threads")
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="a run's progress: a bar and names for people, or JSON lines",
    )

    @field_validator("console_today")
    @classmethod
    def _check_today(cls, day: date | None, info: ValidationInfo) -> date | None:
        """Only where all is a trial may it be another day than it is."""
        if day is not None and not info.data.get("demonstration"):
            raise ValueError("needs RETENTION_DEMONSTRATION=true")
        return day

    @field_validator("table_parts")
    @classmethod
    def _check_parts(cls, count: int) -> int:
        """Only what the first digits of an MD5 tell apart."""
        if count not in PART_COUNTS:
            shown = ", ".join(str(known) for known in PART_COUNTS)
            raise ValueError(f"not one of {shown}")
        return count

    @property
    def key(self) -> bytes:
        """The secret key as bytes for HMAC."""
        return self.secret_key.get_secret_value().encode()

    @property
    def spark_url(self) -> str:
        """Spark's master, or as many threads of this process as the embedded engine would have."""
        return self.spark_master or f"local[{self.threads}]"

    def office_database(self, home: Path) -> str:
        """Return the SQLAlchemy URL of the office database that belongs to a home."""
        if self.office_url:
            return self.office_url.get_secret_value()
        # A home may be called anything.
        path = quote(os.fsencode(home / "office.sqlite3"))
        return f"sqlite:///{path}"

    @property
    def has_development_key(self) -> bool:
        """Whether anybody could forge a row signature."""
        return self.secret_key.get_secret_value() == DEVELOPMENT_KEY

    def require_own_key(self) -> None:
        """Raise Refused under the development key, before anything is released or taken back."""
        if self.has_development_key and not self.demonstration:
            raise Refused("key.development")

    @property
    def places_go_by(self) -> CapacityRule:
        """The rule by which a manager's places go, as given, or as suits where duties go out."""
        if self.capacity_rule is not None:
            return self.capacity_rule
        return "priority" if self.duties_take_places else "value"

    def meaning(self) -> dict[str, str]:
        """Return the settings that change what a month's tables say: part of what it is made of."""
        texts = {}
        for name in _FIGURES_OF_A_MONTH:
            figure = Decimal(getattr(self, name))
            texts[name] = f"{figure.normalize():f}"
        texts["capacity_rule"] = self.places_go_by
        return texts


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; raise SpecError naming the variable that is wrong, or misspelt."""
    _refuse_misspelt()
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        setting = "_".join(str(part) for part in first["loc"])
        variable = f"{_PREFIX}{setting.upper()}"
        raise SpecError("settings.bad", name=variable, why=first["msg"]) from error


def _refuse_misspelt() -> None:
    """Raise SpecError on a variable that was meant for a setting: its default would be taken."""
    known = [name.upper() for name in Settings.model_fields]
    for variable in _list_variables():
        name = variable.upper().removeprefix(_PREFIX)
        if name in known:
            continue
        # Imported here: most installations have no variable but those that are known.
        from difflib import get_close_matches

        if meant := get_close_matches(name, known, n=1, cutoff=_LIKENESS):
            meant_variable = f"{_PREFIX}{meant[0]}"
            raise SpecError("settings.misspelt", name=variable, meant=meant_variable)


def _list_variables() -> list[str]:
    """Return the names of all our variables, of the environment and of `.env`."""
    names = [*os.environ]
    if Path(_DOTENV).exists():
        from dotenv import dotenv_values

        names += dotenv_values(_DOTENV)
    return sorted(name for name in names if name.upper().startswith(_PREFIX))
