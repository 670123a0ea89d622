"""A view under a table's former name, through which queries that use that name still work.

It lists the columns of one table, so it is automatically updatable (manual, CREATE VIEW), also
where it gives a column its former name, and ON CONFLICT by that name works. It
has the table's owner and exactly its access list: rights are not inherited, an owner's own
rights are in no access list, and ALTER DEFAULT PRIVILEGES grants on a new view what the table
may not have granted (measured 14, 18).

With security_invoker (15 and newer) the table's rights and row security are checked as well, as
the role that asks. It then needs SELECT on every column that the view lists, so a role with
SELECT on some columns would be refused (measured 18): there the view uses its owner's rights.
"""

from collections.abc import Iterator

from msgspec import Struct

from zdm.model import acl
from zdm.model.schema import Name, Snapshot, Table, View
from zdm.model.sql import literal
from zdm.parse import emit, rewrite
from zdm.parse.emit import Body, Constant, Expression, Ident, Idents, Part, Qualified
from zdm.schema import type_change

INVOKER_MAJOR = 15
_AS_OWNER = "CREATE VIEW {{v}} AS SELECT {c} FROM {{t}}"
_AS_INVOKER = "CREATE VIEW {{v}} WITH (security_invoker = true) AS SELECT {c} FROM {{t}}"
_LIKE_TABLE = """
DECLARE
  stand_in pg_catalog.regclass := {view};
  owner pg_catalog.regrole := (SELECT c.relowner FROM pg_catalog.pg_class AS c
    WHERE c.oid = pg_catalog.to_regclass({table}));
  other pg_catalog.oid;
BEGIN
  EXECUTE pg_catalog.format('ALTER VIEW %s OWNER TO %s', stand_in, owner);
  FOR other IN SELECT DISTINCT e.grantee
    FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS e
    WHERE c.oid = stand_in AND e.grantee <> c.relowner
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON TABLE %s FROM %s', stand_in,
      CASE other WHEN 0 THEN 'PUBLIC' ELSE other::pg_catalog.regrole::text END);
  END LOOP;
END
"""
_MADE_AGAIN = """
DECLARE
  owner pg_catalog.regrole := (SELECT c.relowner FROM pg_catalog.pg_class AS c
    WHERE c.oid = pg_catalog.to_regclass({view}));
  other pg_catalog.oid;
BEGIN
  DROP VIEW {name};
  {create};
  EXECUTE pg_catalog.format('ALTER VIEW %s OWNER TO %s', {view}, owner);
  FOR other IN SELECT DISTINCT e.grantee
    FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS e
    WHERE c.oid = pg_catalog.to_regclass({view}) AND e.grantee <> c.relowner
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON TABLE %s FROM %s', {view},
      CASE other WHEN 0 THEN 'PUBLIC' ELSE other::pg_catalog.regrole::text END);
  END LOOP;
END
"""
_IF_THERE = """
BEGIN
  IF ({there}) THEN
    {drop};
    {rename};
  END IF;
END
"""
_KIND = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS c"
    " WHERE c.oid = pg_catalog.to_regclass({name}) AND c.relkind = {kind})"
)
_OWNER_HAS_ALL = (
    "SELECT {all} FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass({table})"
)


class Renamed(Struct, frozen=True):
    """The names of a table before and after, and of its columns in the order of the
    statements that rename them."""

    old: Name
    new: Name
    columns: tuple[tuple[str, str], ...] = ()

    def column(self, name: str) -> str:
        """What a column of this former name is called in the end."""
        for before, after in self.columns:
            name = after if name == before else name
        return name


def as_invoker(table: Table, major: int) -> bool:
    """Whether the view can use the rights of the role that asks."""
    return major >= INVOKER_MAJOR and not any(column.grants for column in table.columns)


def create(
    renamed: Renamed, table: Table, snapshot: Snapshot, *, invoker: bool
) -> tuple[str, ...]:
    """The view of a table that has its new names by now, with its owner and its grants."""
    view, new = renamed.old, renamed.new
    body = _LIKE_TABLE.format(view=literal(view.sql), table=literal(new.sql))
    listed, names = _columns(renamed, table)
    head = _AS_INVOKER if invoker else _AS_OWNER
    return (
        emit.sql(head.format(c=listed), v=Qualified(view), t=Qualified(new), **names),
        *_defaults(view, table, snapshot),
        emit.sql("DO {body}", body=Body(body)),
        *(sql for item in table.grants for sql in _grants(view, item)),
        *(
            sql
            for column in table.columns
            for item in column.grants
            for sql in _grants(view, item, column.name)
        ),
    )


def _columns(renamed: Renamed, table: Table) -> tuple[str, dict[str, Part]]:
    """What the view selects: the columns by their new names, AS the former ones."""
    words: list[str] = []
    names: dict[str, Part] = {}
    for n, column in enumerate(table.columns):
        now = renamed.column(column.name)
        names[f"c{n}"] = Ident(now)
        words.append(f"{{c{n}}}")
        if now != column.name:
            names[f"former{n}"] = Ident(column.name)
            words[-1] += f" AS {{former{n}}}"
    return ", ".join(words), names


def create_of_view(of: View, new: Name, *, invoker: bool) -> tuple[str, ...]:
    """The same of a view that is called `new` by now: what it leaves out when it is written,
    the other one fills."""
    body = _LIKE_TABLE.format(view=literal(of.name.sql), table=literal(new.sql))
    return (
        emit.sql(
            (_AS_INVOKER if invoker else _AS_OWNER).format(c="{c}"),
            v=Qualified(of.name),
            c=Idents(of.columns),
            t=Qualified(new),
        ),
        emit.sql("DO {body}", body=Body(body)),
        *(sql for item in of.grants for sql in _grants(of.name, item)),
        *(
            sql
            for column, items in of.column_grants
            for item in items
            for sql in _grants(of.name, item, column)
        ),
    )


def _defaults(view: Name, table: Table, snapshot: Snapshot) -> Iterator[str]:
    """Of columns whose type is a domain with a default: an INSERT into a view that leaves out a
    column takes this one, and not the column's own (measured 14, 18)."""
    for column in table.columns:
        own = column.default if not column.generated else None
        if own is not None and type_change.domain_default(column.type, snapshot):
            yield emit.sql(
                "ALTER VIEW {v} ALTER COLUMN {c} SET DEFAULT {d}",
                v=Qualified(view),
                c=Ident(column.name),
                d=Expression(own),
            )


def made_again(view: View) -> tuple[str, ...]:
    """Drop a view and make it as it was: its query, its owner, its rights and its comment."""
    query = view.definition.strip().rstrip(";")
    create = rewrite.replaced_view(view.name, query, view.options)
    body = _MADE_AGAIN.format(view=literal(view.name.sql), name=view.name.sql, create=create)
    parts: dict[str, Part] = {"v": Qualified(view.name)}
    comment = "COMMENT ON VIEW {v} IS {c}"
    return (
        emit.sql("DO {body}", body=Body(body)),
        *(sql for item in view.grants for sql in _grants(view.name, item)),
        *(
            [emit.sql(comment, c=Constant(view.comment), **parts)]
            if view.comment is not None
            else []
        ),
    )


def _grants(view: Name, item: str, column: str = "") -> Iterator[str]:
    """An entry of an access list, as GRANTs on the view."""
    entry = acl.parse(item)
    parts: dict[str, Part] = {"v": Qualified(view)}
    if entry.grantee:
        parts["role"] = Ident(entry.grantee)
    if column:
        parts["c"] = Ident(column)
    to, on = "{role}" if entry.grantee else "PUBLIC", " ({c})" if column else ""
    for grantable, option in ((False, ""), (True, " WITH GRANT OPTION")):
        names = [p.name for p in entry.privileges if p.grantable is grantable]
        if names:
            words = ", ".join(f"{name}{on}" for name in names)
            yield emit.sql(f"GRANT {words} ON TABLE {{v}} TO {to}{option}", **parts)


def drop(view: Name) -> str:
    """Drop it, without CASCADE: what was built on it meanwhile blocks this."""
    return emit.sql("DROP VIEW {v}", v=Qualified(view))


def rename(renamed: Renamed) -> tuple[str, ...]:
    """Another name or schema for the table, and other names for its columns."""
    return (
        _rename(renamed.old, renamed.new),
        *(_rename_column(renamed.new, *names) for names in renamed.columns),
    )


def _rename(table: Name, new: Name) -> str:
    if table.schema != new.schema:
        move = "ALTER TABLE {t} SET SCHEMA {s}"
        return emit.sql(move, t=Qualified(table), s=Ident(new.schema))
    return emit.sql("ALTER TABLE {t} RENAME TO {n}", t=Qualified(table), n=Ident(new.name))


def _rename_column(table: Name, old: str, new: str) -> str:
    return emit.sql(
        "ALTER TABLE {t} RENAME COLUMN {a} TO {b}",
        t=Qualified(table),
        a=Ident(old),
        b=Ident(new),
    )


def undo(renamed: Renamed, kind: str = "r") -> str:
    """Drop the view and give the table and its columns their names again; nothing where
    neither was done."""
    back = [_rename_column(renamed.new, new, old) for old, new in reversed(renamed.columns)]
    names = ";\n    ".join([*back, _rename(renamed.new, renamed.old)])
    there = in_place(renamed.old, renamed.new, kind)
    body = _IF_THERE.format(there=there, drop=drop(renamed.old), rename=names)
    return emit.sql("DO {body}", body=Body(body))


def in_place(view: Name, new: Name, kind: str = "r") -> str:
    """A SELECT that says whether the view and the renamed table are there; `kind` is the
    latter's relkind."""
    found = [
        emit.sql(_KIND, name=Constant(name.sql), kind=Constant(letter))
        for name, letter in ((view, "v"), (new, kind))
    ]
    both = " AND ".join(f"({condition})" for condition in found)
    return emit.sql("SELECT {both}", both=Expression(both))


def owner_has_all(table: Name) -> str:
    """A SELECT that says whether the owner may read and write the table, as the view will."""
    rights = " AND ".join(
        f"pg_catalog.has_table_privilege(c.relowner, c.oid, {literal(privilege)})"
        for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE")
    )
    return emit.sql(_OWNER_HAS_ALL, all=Expression(f"({rights})"), table=Constant(table.sql))
