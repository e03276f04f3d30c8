"""How a SELECT can be changed in one place so that it decides otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp

# What stands in for what: edges of comparisons, one logic or arithmetic for the other.
_OTHERS: Mapping[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.LTE,
    exp.LTE: exp.LT,
    exp.GT: exp.GTE,
    exp.GTE: exp.GT,
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.And: exp.Or,
    exp.Or: exp.And,
    exp.Add: exp.Sub,
    exp.Sub: exp.Add,
    exp.Mul: exp.Div,
    exp.Div: exp.Mul,
    exp.Min: exp.Max,
    exp.Max: exp.Min,
    exp.Greatest: exp.Least,
    exp.Least: exp.Greatest,
}
_OTHER_SIDES = {"LEFT": "", "": "LEFT", "FULL": "LEFT", "RIGHT": ""}


def change_select(sql: str) -> Iterator[exp.Query]:
    """Yield a SELECT changed in one place, each time in another or otherwise."""
    original = sqlglot.parse_one(sql, read="duckdb")
    for place, node in enumerate(original.walk()):
        if node.find_ancestor(exp.DataType):
            continue  # how many digits a number may have decides nothing
        for changed in _list_changes(node):
            if changed != node:
                yield _put(original, place, changed)


def _put(original: exp.Expr, place: int, changed: exp.Expr) -> exp.Query:
    """A copy of a statement with another part in a place."""
    if place == 0:  # the whole of it, which stands in nothing
        assert isinstance(changed, exp.Query)
        return changed
    whole = original.copy()
    for number, node in enumerate(whole.walk()):
        if number == place:
            node.replace(changed)
            break
    assert isinstance(whole, exp.Query)
    return whole


def _list_changes(node: exp.Expr) -> Iterator[exp.Expr]:
    """What could stand in a node's place."""
    if type(node) in _OTHERS:
        yield _OTHERS[type(node)](**node.copy().args)
    if isinstance(node, exp.And):
        yield node.this.copy()
        yield node.expression.copy()
    if isinstance(node, exp.Not):
        yield node.this.copy()
    if isinstance(node, exp.Is) and not isinstance(node.parent, exp.Not):
        yield exp.Not(this=node.copy())
    if isinstance(node, exp.Coalesce):
        yield node.this.copy()
    if isinstance(node, exp.Boolean):
        yield exp.Boolean(this=not node.this)
    if isinstance(node, exp.Literal) and node.is_int:
        yield exp.Literal.number(int(node.this) + 1)
    if isinstance(node, exp.In) and len(node.expressions) > 1:
        yield from _leave_one_out(node)
    yield from _change_clauses(node)


def _change_clauses(node: exp.Expr) -> Iterator[exp.Expr]:
    """A join of another side, an order the other way round, repeats kept, a filter left out."""
    if isinstance(node, exp.Join) and (node.args.get("on") or node.args.get("using")):
        yield _set(node, "side", _OTHER_SIDES[node.side or ""])
    if isinstance(node, exp.Ordered):
        yield _set(node, "desc", not node.args.get("desc"))
    if isinstance(node, exp.Select) and node.args.get("distinct"):
        yield _set(node, "distinct", None)
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Distinct):
        yield _set(node, "this", node.this.expressions[0].copy())
    if isinstance(node, exp.Select):
        for clause in ("where", "having", "qualify"):
            if node.args.get(clause):
                yield _set(node, clause, None)
    if isinstance(node, exp.Filter):
        yield node.this.copy()


def _set(node: exp.Expr, name: str, value: object) -> exp.Expr:
    changed = node.copy()
    changed.set(name, value)
    return changed


def _leave_one_out(node: exp.In) -> Iterator[exp.Expr]:
    for left_out in range(len(node.expressions)):
        changed = node.copy()
        rest = [
            one for at, one in enumerate(changed.expressions) if at != left_out
        ]  # fmt: skip
        changed.set("expressions", rest)
        yield changed
