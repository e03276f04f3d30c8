"""Damage cells and rows one by one: keys and values as people and spreadsheets spoil them."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from twin.faults.site import Change, Mask, Site, Where


def some(site: Site, rows: pd.DataFrame) -> Mask:
    """Choose the fault's share of the rows."""
    return site.pick(rows)


def cells_changed(change: Callable[[str], str], at: Where = some) -> Change:
    """Change the filled cells of the columns in the rows chosen."""

    def damage(site: Site) -> int:
        rows = site.read()
        chosen = at(site, rows)
        for column in site.columns:
            filled = chosen & rows[column].notna().to_numpy()
            rows.loc[filled, column] = rows.loc[filled, column].map(change)
        site.write(rows)
        return int(chosen.sum())

    return damage


def set_to(value: str | None, at: Where = some) -> Change:
    """Write one value (None empties) into the columns of the rows chosen."""

    def damage(site: Site) -> int:
        rows = site.read()
        chosen = at(site, rows)
        rows.loc[chosen, list(site.columns)] = value
        site.write(rows)
        return int(chosen.sum())

    return damage


def removed(at: Where = some) -> Change:
    """Take the rows chosen out."""

    def damage(site: Site) -> int:
        rows = site.read()
        chosen = at(site, rows)
        site.write(rows[~chosen])
        return int(chosen.sum())

    return damage


def repeated(prefix: str = "", at: Where = some) -> Change:
    """Deliver the rows chosen a second time, with the first column behind a prefix."""

    def damage(site: Site) -> int:
        rows = site.read()
        again = rows[at(site, rows)].copy()
        again[rows.columns[0]] = prefix + again[rows.columns[0]]
        site.write(pd.concat([rows, again]))
        return len(again)

    return damage


def contradicted(value: str, other: str) -> Change:
    """Deliver the rows chosen a second time, with a value in the column, or the other where it stands already."""

    def damage(site: Site) -> int:
        rows = site.read()
        again = rows[site.pick(rows)].copy()
        column = again[site.columns[0]]
        again[site.columns[0]] = column.where(column.isna(), value).mask(
            column == value, other
        )
        site.write(pd.concat([rows, again]))
        return 2 * len(again)

    return damage


def shuffled(site: Site) -> int:
    """Deliver the rows in another order."""
    rows = site.read()
    site.write(rows.iloc[site.rng.permutation(len(rows))])
    return len(rows)


def full_width(text: str) -> str:
    """Write letters, digits and signs in full width."""
    return "".join(
        chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text
    )


def scientific(text: str) -> str:
    """Write an id as a spreadsheet shows a long number."""
    return f"{int(text):.4E}"


def separated(text: str) -> str:
    """Write an amount with currency sign and thousands separators."""
    return f"￥{float(text):,.2f}"


def chinese_date(text: str) -> str:
    """Write YYYY-MM-DD as 年月日."""
    year, month, day = text.split("-")
    return f"{year}年{month}月{day}日"


def with_country(text: str) -> str:
    """Write a mobile number with country code and dashes."""
    return f"+86 {text[:3]}-{text[3:7]}-{text[7:]}"
