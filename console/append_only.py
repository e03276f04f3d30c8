"""Tables that the database itself lets nobody change: rows are added, and go when they are old.

A migration that changes such a table on SQLite makes it anew, and has to protect it again.
"""

from __future__ import annotations

from typing import Any

# What the law asks of logs: six months. Younger rows cannot be deleted by anybody.
KEPT_DAYS = 183

_ON_SQLITE = (
    """CREATE TRIGGER {table}_unchanged BEFORE UPDATE ON {table}
       BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END""",
    """CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} WHEN {is_young}
       BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END""",
)
_ON_POSTGRESQL = (
    """CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' THEN
           IF NOT ({is_young}) THEN RETURN OLD; END IF;
         END IF;
         RAISE EXCEPTION '{table} is only added to'
           USING ERRCODE = 'integrity_constraint_violation';
       END $$""",
    """CREATE TRIGGER {table}_unchanged BEFORE UPDATE OR DELETE ON {table}
       FOR EACH ROW EXECUTE FUNCTION {table}_refuse()""",
    """CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table}
       FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()""",
)


def protect_table(editor: Any, table: str, written_at: str = "") -> None:
    """Refuse every change of a table's rows.

    Rows may be deleted after `KEPT_DAYS` by the column that says when they were written; without
    one they stay for ever.
    """
    statements: tuple[str, ...]
    if editor.connection.vendor == "sqlite":
        statements = _ON_SQLITE
        is_young = f"OLD.{written_at} > datetime('now', '-{KEPT_DAYS} days')"
    else:
        statements = _ON_POSTGRESQL
        is_young = f"OLD.{written_at} > now() - interval '{KEPT_DAYS} days'"
    if not written_at:
        is_young = "1 = 1"
    for statement in statements:
        editor.execute(statement.format(table=table, is_young=is_young))
