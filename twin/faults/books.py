"""Damage the books: every cell well formed, and the month wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa

from twin.faults.cells import some
from twin.faults.site import Change, Mask, Site, Where
from twin.writer import money

# Every table that says anything of a customer or a line.
ABOUT_CUSTOMERS = (
    "customer service bill adjustment receivable payment prepaid_balance usage ownership vip_card loyalty "
    "trouble_ticket plan_change status_change activity_guest survey_answer"
)


# Which rows.


def where(column: str, value: str) -> Where:
    """Choose the rows with a value in a column."""
    return lambda site, rows: (rows[column] == value).to_numpy(bool)


def in_a_branch(site: Site, rows: pd.DataFrame) -> Mask:
    """Choose the rows of one branch's customers, by their owner now."""
    owners = site.read("ownership")
    owners = owners[owners.valid_to.isna()]
    branch = site.rng.choice(np.sort(owners.branch_id.unique()))
    people = owners.customer_id[owners.branch_id == branch]
    if "customer_id" in rows:
        return rows.customer_id.isin(people).to_numpy(bool)
    services = site.read("service")
    return rows.service_id.isin(
        services.service_id[services.customer_id.isin(people)]
    ).to_numpy(bool)


def a_run(site: Site, rows: pd.DataFrame) -> Mask:
    """Choose the rows that follow one another, as one night's batch does."""
    size = round(site.share * len(rows))
    start = int(site.rng.integers(0, len(rows) - size))
    places = np.arange(len(rows))
    return np.asarray((places >= start) & (places < start + size))


def owned_now(site: Site, rows: pd.DataFrame) -> Mask:
    """Choose the share of the owners who own now."""
    now = rows.valid_to.isna().to_numpy()
    return np.asarray(now & (site.rng.random(len(rows)) < site.share))


# What happens to them.


def times(factor: int, at: Where = some) -> Change:
    """Multiply amounts or counts."""

    def damage(site: Site) -> int:
        rows = site.read()
        chosen = at(site, rows)
        for column in site.columns:
            filled = chosen & rows[column].notna().to_numpy()
            rows.loc[filled, column] = _product(rows.loc[filled, column], factor)
        site.write(rows)
        return int(chosen.sum())

    return damage


def _product(numbers: pd.Series, factor: int) -> pd.Series:
    """Multiply whole numbers, or yuan with two decimals, exactly."""
    is_money = numbers.str.contains(".", regex=False).any()
    whole = numbers.str.replace(".", "", regex=False).astype("int64") * factor
    text = (
        money(whole.to_numpy()).cast(pa.string()).to_pandas()
        if is_money
        else whole.astype(str)
    )
    return pd.Series(text.to_numpy(), numbers.index)


def moved(years: int = 0, months: int = 0) -> Change:
    """Move the days in the columns."""
    offset = pd.DateOffset(years=years, months=months)

    def damage(site: Site) -> int:
        rows = site.read()
        chosen = site.pick(rows)
        for column in site.columns:
            days = pd.to_datetime(rows.loc[chosen, column]) + offset
            rows.loc[chosen, column] = days.dt.strftime("%Y-%m-%d")
        site.write(rows)
        return int(chosen.sum())

    return damage


def rotated(site: Site) -> int:
    """Give every value of the column the place of the next one."""
    rows, column = site.read(), site.columns[0]
    values = np.sort(rows[column].dropna().unique())
    rows[column] = rows[column].map(dict(zip(values, np.roll(values, -1), strict=True)))
    site.write(rows)
    return len(rows)


def as_last_month(key: str) -> Change:
    """Give the columns the cells they had a month ago, for the keys that were there."""

    def damage(site: Site) -> int:
        rows, before = (
            site.read(),
            site.read_before().drop_duplicates(key).set_index(key),
        )
        known = rows[key].isin(before.index).to_numpy()
        for column in site.columns:
            rows.loc[known, column] = (
                before[column].reindex(rows.loc[known, key]).to_numpy()
            )
        site.write(rows)
        return int(known.sum())

    return damage


def last_month_again(site: Site) -> int:
    """Deliver last month's rows, under this month's name."""
    rows = site.read_before()
    site.write(rows.assign(bill_month=site.month) if site.table == "bill" else rows)
    return len(rows)


def joined_from_before(choose: Callable[[Site, pd.DataFrame], pd.DataFrame]) -> Change:
    """Deliver chosen rows of last month once more, under new ids."""

    def damage(site: Site) -> int:
        rows, again = site.read(), choose(site, site.read_before()).copy()
        again[rows.columns[0]] = "R" + again[rows.columns[0]]
        site.write(pd.concat([rows, again]))
        return len(again)

    return damage


def ended_lines(site: Site, before: pd.DataFrame) -> pd.DataFrame:
    """Choose last month's bills of lines that are listed no more, dated to this month."""
    listed = site.read("service").service_id
    return before[~before.service_id.isin(listed)].assign(bill_month=site.month)


def credit_notes(site: Site, before: pd.DataFrame) -> pd.DataFrame:
    """Choose last month's credit notes."""
    return before[before.kind == "credit_note"]


def without(tables: str, at: Where) -> Change:
    """Take the customers or lines of the rows chosen out of those tables altogether."""

    def damage(site: Site) -> int:
        rows = site.read()
        key = rows.columns[0]
        gone = rows.loc[at(site, rows), key]
        lines = site.read("service")
        services = lines.service_id[lines[key].isin(gone)]
        for table in tables.split():
            found = site.read(table)
            owner = (
                "service_id"
                if "service_id" in found and table != "trouble_ticket"
                else "customer_id"
            )
            keep = ~found[owner].isin(services if owner == "service_id" else gone)
            site.write(found[keep], table)
        return len(gone)

    return damage


def merged(site: Site) -> int:
    """Book some of the lines, with their bills, on one customer."""
    lines, bills = site.read("service"), site.read("bill")
    chosen = site.pick(lines)
    services, customer = lines.service_id[chosen], lines.customer_id[chosen].min()
    for name, rows in (("service", lines), ("bill", bills)):
        rows.loc[rows.service_id.isin(services), "customer_id"] = customer
        site.write(rows, name)
    return int(chosen.sum())


def reopened(site: Site) -> int:
    """Show bills of last month that were settled in this one as open, at what was open then."""
    rows, before = site.read(), site.read_before()
    settled = before[
        ~before.bill_id.isin(rows.bill_id)
        & before.service_id.isin(site.read("service").service_id)
    ]
    again = settled[site.pick(settled)]
    site.write(pd.concat([rows, again]))
    return len(again)


def doubly_owned(site: Site) -> int:
    """Give some customers a second owner from the first of the month, beside the one they have."""
    rows = site.read()
    second = rows[owned_now(site, rows)].copy()
    managers = np.sort(rows.manager_id.dropna().unique())
    second["valid_from"] = f"{site.month}-01"
    second["manager_id"] = site.rng.choice(managers, len(second))
    site.write(pd.concat([rows, second]))
    return len(second)


def ended_early(site: Site) -> int:
    """End some ownerships on the 10th of the month, with nobody behind them."""
    rows = site.read()
    chosen = owned_now(site, rows) & (rows.valid_from < f"{site.month}-10").to_numpy()
    rows.loc[chosen, "valid_to"] = f"{site.month}-10"
    site.write(rows)
    return int(chosen.sum())


def mixed_months(site: Site) -> int:
    """Label some of the bills with the month before."""
    rows = site.read()
    chosen = site.pick(rows)
    rows.loc[chosen, "bill_month"] = site.month_before
    site.write(rows)
    return int(chosen.sum())
