"""An INSERT of rows of a big table, as a backfill that walks this table.

A row of it needs work as long as a row that follows from it is not there: so a batch that runs
twice inserts nothing twice. That is known by a unique key of the table that gets the rows, or
by an index on the key of the rows that they come from. The train makes the table that gets the
rows: of one in use the applications delete rows, which would be missing and come back.
"""

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from zdm.model.expression import ColumnName, Constant, Expression
from zdm.model.schema import Column, Index, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Action
from zdm.parse import expressions, mentioned
from zdm.parse.readers import fired
from zdm.parse.rows import copied
from zdm.parse.rows.copied import Copied, Walked
from zdm.recipes.reading import correlated, few
from zdm.schema import family, lookup, routines

Line = tuple[str, str]  # fact and remedy
_LATE = (
    "if it can run at once when the old version is gone, put"
    " `-- zdm: run in contract -- reason` above it"
)
_TEXTS = frozenset({"text", "character varying", "character"})
_GIVES_ROWS = re.compile(r"\bRETURNS\s+(SETOF|TABLE)\b", re.IGNORECASE)
_PLAINLY = (
    "write it as one SELECT from the tables, joined where they are several, with ON CONFLICT DO"
    " NOTHING and an UPDATE behind it instead of DO UPDATE; or, if the tables are small, plan"
    f" with a snapshot of an analysed database; {_LATE}"
)


class Copies(Struct, frozen=True, kw_only=True):
    """How the rows are copied. `source`: the table that is walked; `key`: the columns by which
    a row is known to be there; `unique`: PostgreSQL lets no two rows have the same."""

    source: Table
    columns: tuple[str, ...]
    insert: str
    differs: str
    key: tuple[str, ...]
    unique: bool
    leaves_out: bool  # rows that are there already, by ON CONFLICT or DISTINCT


def read(
    action: Action, target: Table, snapshot: Snapshot, walk: Callable[[Table], tuple[str, ...]]
) -> Copies | Line:
    """How batches copy the rows, or why they cannot, with the remedy. `walk` gives the key by
    which they walk a table."""
    found = _walked(action, snapshot)
    if found is None:
        return (
            f"this INSERT into {target.name} takes rows together (aggregates, GROUP BY,"
            " DISTINCT ON, UNION, LIMIT, WITH), has RETURNING or DO UPDATE, or selects from no"
            " table, so batches would insert other rows",
            _PLAINLY,
        )
    walked, source = found
    problem = _source(source, snapshot) or _again(action, target, snapshot) or _target(target)
    if problem is not None:
        return problem
    names = [c.name for c in target.columns]
    said = copied.read(action, walked, [c.name for c in source.columns], names)
    if said is None or not {column for column, _ in said.values} <= {*names}:
        return (
            f"the columns of {target.name} and the values of this INSERT do not fit, or a `*`"
            " means the columns of several tables",
            "name the columns on both sides",
        )
    problem = _whole(action, walked, source) or _sets(said, snapshot) or _ordered(said, target)
    if problem is not None:
        return problem
    by_source = _by_source(said, walked, walk(source))
    key = _key(said, by_source, target)
    if key is None:
        return _unknown(target, () if said.distinct or said.on_conflict else by_source)
    values = [value for column, value in said.values if column in key[0]]
    differs = _differs(copied.missing(action, walked, values), key[0], said, target)
    if correlated.unsettled(differs, snapshot) is not None:
        return (
            f"which rows this INSERT takes, or their key in {target.name}, is another one at"
            " another time or in another session, so batches would insert other rows",
            f"write the value itself; {_LATE}",
        )
    return Copies(
        source=source,
        columns=tuple(column for column, _ in said.values),
        insert=copied.insert(action, walked, said, key[0] if key[1] else ()),
        differs=differs,
        key=key[0],
        unique=key[1],
        leaves_out=said.on_conflict or said.distinct,
    )


def _walked(action: Action, snapshot: Snapshot) -> tuple[Walked, Table] | None:
    """The biggest table that can be walked; one without statistics may be bigger than any."""
    found: list[tuple[Walked, Table]] = []
    for one in copied.walkable(action):
        name = lookup.found(one.relation, snapshot, action.statement.settings)
        table = snapshot.table(name)
        if table is not None and not table.created:
            found.append((one, table))
    sizes = [float("inf") if t.rows is None else t.rows for _, t in found]
    return found[sizes.index(max(sizes))] if found else None


def _source(source: Table, snapshot: Snapshot) -> Line | None:
    heirs = [t.name for t in family.children(snapshot, source.name)]
    if source.kind != "table" or source.partition_key is not None or heirs:
        what = f"has children ({heirs[0]})" if heirs else f"is a {source.kind}"
        return (
            f"{source.name} {what}, and zdm copies many rows of ordinary tables only",
            f"write one INSERT for each partition or child; {_LATE}",
        )
    return None


def _again(action: Action, target: Table, snapshot: Snapshot) -> Line | None:
    """What reads the rows that are there: the batches before it would decide for a batch."""
    read = {table.name for table in few.sources(action, snapshot) or ()}
    called = {words[-1] for words in mentioned.functions(action)}
    for default in (column.default for column in target.columns if column.default):
        called |= {words[-1] for words in expressions.functions(expressions.read(default))}
    own = [f.name for f in snapshot.functions if f.name.name in called]
    by = [
        str(function.name)
        for function in routines.reached(snapshot, own)
        if target.name.name in routines.body_names(function)
        or routines.is_dynamic(function, rows=False)
    ]
    if not read & {*family.around(snapshot, target.name)} and not by:
        return None
    where = f", or may do so in {by[0]}" if by else ""
    return (
        f"this INSERT reads {target.name} itself{where}, so for each batch the rows of those"
        " before it would decide",
        f"select the rows by the other tables alone; {_LATE}",
    )


def _whole(action: Action, walked: Walked, source: Table) -> Line | None:
    if not copied.takes_whole(action, walked, [c.name for c in source.columns]):
        return None
    return (
        f"this INSERT takes rows of {source.name} as single values, or names a column that it"
        " does not have, and a batch has its columns only",
        f"name the columns; {_LATE}",
    )


def _sets(said: Copied, snapshot: Snapshot) -> Line | None:
    """A function that gives several rows, or none: then nothing shows that there are none."""
    own = {f.name.name for f in snapshot.functions if _GIVES_ROWS.search(f.definition)}
    for name in sorted(copied.called(said) & (mentioned.SETS | own)):
        return (
            f"{name} gives several rows or none of a value of this INSERT, so zdm cannot know"
            " which rows were copied",
            f"call it in FROM: `FROM t, {name}(t.c) AS x`; {_LATE}",
        )
    return None


def _ordered(said: Copied, target: Table) -> Line | None:
    """An ORDER BY that decides something."""
    given = {column for column, _ in said.values}
    made = [
        column.name
        for column in target.columns
        if column.name not in given
        and (column.identity or "nextval(" in (column.default or ""))
    ]
    if not said.ordered or not (said.on_conflict or made):
        return None
    what = "which of several rows is kept" if said.on_conflict else f"the values of {made[0]}"
    return (
        f"the ORDER BY of this INSERT decides {what}, and batches take the rows by the key of"
        " the table that they come from",
        f"leave the ORDER BY out, if any order will do; {_LATE}",
    )


def _target(target: Table) -> Line | None:
    """What may make other rows of those that are inserted."""
    rules = [rule.name for rule in map(fired.rule, target.rules) if rule.on_insert]
    texts = [(t.name, fired.trigger(t.definition)) for t in target.triggers if t.enabled != "D"]
    changing = [name for name, text in texts if text.before and text.on_insert]
    if rules or changing or target.kind == "foreign table":
        what = ", ".join([*rules, *changing]) or "its server"
        return (
            f"{what} may change or leave out rows that are inserted into {target.name}, so zdm"
            " cannot know which ones were copied",
            f"disable it for the copy in an earlier release; {_LATE}",
        )
    return None


def _key(
    said: Copied, by_source: tuple[str, ...], target: Table
) -> tuple[tuple[str, ...], bool] | None:
    """The columns by which a copied row is known, and whether they are unique."""
    given = {column for column, _ in said.values}
    varying = {column for column, value in said.values if not _is_constant(value)}
    for index in sorted(target.indexes, key=lambda i: {*i.keys} != {*said.arbiter}):
        key = tuple(k for k in index.keys if k in given and target.require_column(k).not_null)
        whole = len(key) == len(index.keys) and _arbitrates(index, target)
        if whole and (not said.distinct or varying <= {*key}):
            return key, True
    if by_source and not said.distinct and not said.on_conflict:
        return (by_source, False) if _found_by(by_source, target) else None
    return None


def _arbitrates(index: Index, target: Table) -> bool:
    """Whether ON CONFLICT can name its columns."""
    key = target.constraint(index.constraint) if index.constraint else None
    deferrable = key is not None and "DEFERRABLE" in key.definition
    return index.unique and index.valid and index.predicate is None and not deferrable


def _found_by(columns: tuple[str, ...], target: Table) -> bool:
    """Whether an index leads to the rows that have these values."""
    return any(
        index.valid
        and index.predicate is None
        and {*index.keys[: len(columns)]} == {*columns}
        and ("USING btree" in index.definition or not index.definition)
        for index in target.indexes
    )


def _is_constant(value: Expression) -> bool:
    return isinstance(expressions.form(expressions.without_cast(value)), Constant)


def _by_source(said: Copied, walked: Walked, names: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that get the key of the rows that are walked."""
    into: dict[str, str] = {}
    for column, value in said.values:
        match expressions.form(value):
            case ColumnName(words=(table, name)) if table == walked.name and name in names:
                into[name] = column
            case ColumnName(words=(name,)) if said.alone and name in names:
                into[name] = column
    return tuple(into.values()) if into.keys() == {*names} else ()


def _differs(rows: str, key: tuple[str, ...], said: Copied, target: Table) -> str:
    ordered = [target.require_column(column) for column, _ in said.values if column in key]
    tests: Iterator[str] = (
        f"zdm_copy.{ident(column.name)} = CAST(zdm_row.zdm_{n} AS {column.type})"
        f"{_collation(column)}"
        for n, column in enumerate(ordered, 1)
    )
    there = f"SELECT FROM {target.name.sql} AS zdm_copy WHERE {' AND '.join(tests)}"
    return f"EXISTS (SELECT FROM ({rows}) AS zdm_row WHERE NOT EXISTS ({there}))"


def _collation(column: Column) -> str:
    """That of the column, as its index has it: a value brings its own along."""
    if column.collation is not None:
        return f" COLLATE {column.collation}"
    return ' COLLATE "default"' if column.type.split("(")[0] in _TEXTS else ""


def _unknown(target: Table, by_source: tuple[str, ...]) -> Line:
    if by_source:
        columns = ", ".join(by_source)
        return (
            f"no index of {target.name} is on {columns}, by which zdm knows which rows were"
            " copied, so each batch would read all that was copied before it",
            f"create an index on {target.name} ({columns}) before the INSERT; {_LATE}",
        )
    return (
        f"no unique key of NOT NULL columns of {target.name} is among the columns of this"
        " INSERT, so zdm cannot know which rows were copied when it resumes",
        f"give {target.name} a unique key of columns that the INSERT sets, before the INSERT;"
        f" {_LATE}",
    )
