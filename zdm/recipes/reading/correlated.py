"""An UPDATE that takes values or rows from other tables, as a backfill of single rows.

`UPDATE t SET a = s.a FROM s WHERE s.id = t.s_id` sets `a = (SELECT s.a FROM s WHERE …)` in the
rows whose value differs, so a second run changes nothing, and stops at a row that several rows
of `s` match.
"""

from zdm.model.schema import Snapshot, Table, Volatility
from zdm.model.statement import Action
from zdm.model.syntax import RelationName
from zdm.parse import expressions, mentioned
from zdm.parse.rows import chosen, row_condition
from zdm.parse.rows.row_condition import Updated
from zdm.recipes.reading import few, session_dependent, updates
from zdm.schema import default_volatility, lookup, volatility

Line = tuple[str, str]  # fact and remedy
_LATE = "if it can run at once in a quiet hour, put `-- zdm: run in expand -- reason` above it"


def unsettled(text: str, snapshot: Snapshot) -> Line | None:
    """Why the rows that it selects may be others each time, and the remedy."""
    if is_random(text):
        return (
            f"`{text}` selects other rows each time, so a second run would delete more",
            "select the rows by their columns",
        )
    unknown = _unknown(text, snapshot)
    if unknown is not None:
        return unknown
    if session_dependent.changing(text, snapshot):
        return (
            f"`{text}` selects other rows at another time or in another session, so a second"
            " run would delete more",
            "write the value itself",
        )
    return None


def is_random(text: str) -> bool:
    """Whether it calls a function that gives another value each time."""
    called = row_condition.called(expressions.read(text))
    return any(words[-1] in volatility.VOLATILE for words in called)


def _unknown(text: str, snapshot: Snapshot) -> Line | None:
    """A function of which it is not known that it gives the same value each time."""
    own = {f.name.name for f in snapshot.functions if f.volatility is not Volatility.IMMUTABLE}
    for words in row_condition.called(expressions.read(text)):
        if words[-1] in row_condition.IN_ORDER and words[-1] not in own:
            return (
                f"{words[-1]} without ORDER BY may take the rows in another order each time, so"
                " a batch that runs twice may find another value",
                "write ORDER BY in it, by columns that no two of its rows share",
            )
        volatile = default_volatility.of_function(words, snapshot) is Volatility.VOLATILE
        if volatile or (words[-1] in own and words[0] != "pg_catalog"):
            return (
                f"zdm does not know that {'.'.join(words)} always gives the same value for the"
                " same arguments, which batches need",
                "do without it; or, if it does, declare it IMMUTABLE in an earlier release",
            )
    return None


def read(action: Action, table: Table, snapshot: Snapshot) -> Updated | Line:
    """What it does to one row, or why batches cannot do it, with the remedy."""
    said = row_condition.updated(action)
    if said is None:
        return (
            f"this UPDATE of {table.name} has a RETURNING, a DEFAULT, columns in parentheses or"
            " one name for two tables, so it cannot be cut into batches",
            "set each column by itself, and give each table a name of its own",
        )
    sources = few.sources(action, snapshot) or ()
    bare = updates.not_hidden(said.unqualified, action, sources) - said.reads
    return (
        _sources(action, table, snapshot)
        or _overwrites(said, updates.through(said.reads, table), table)
        or _may_overwrite(said, updates.through(bare, table), table)
        or _whole_rows(action, said, table)
        or _varies(said, table, snapshot)
        or _windows(action, table)
        or said
    )


def _sources(action: Action, table: Table, snapshot: Snapshot) -> Line | None:
    sources = few.sources(action, snapshot)
    if sources is None:
        return (
            f"the values of {table.name} come from something other than tables, and zdm does"
            " not know when that changes",
            f"name the tables themselves instead of a view; {_LATE}",
        )
    own = any(source.name == table.name for source in sources)
    if own and mentioned.chooses(action):
        return (
            f"a query with LIMIT decides which rows of {table.name} it changes, as in a loop"
            " that repeats it until none is left, and zdm would run it once",
            "write one UPDATE of all these rows, without LIMIT and that query: zdm cuts it"
            f" into batches itself; {_LATE}",
        )
    if own and _reads_what_it_sets(action, table):
        return (
            f"other rows of {table.name} decide by the columns that this UPDATE sets, so each"
            " batch would change what the next one reads",
            f"add a new column for the new value, fill it, and drop the old one; {_LATE}",
        )
    if chosen.may_differ(action, lambda relation: _keys(relation, action, snapshot)):
        return (
            "a subquery with LIMIT, DISTINCT ON, TABLESAMPLE or row locks may take another row"
            " each time, so the batches might never be done",
            "take the value by a condition that one row meets, by max or min, or with LIMIT 1"
            f" and ORDER BY that ends in a key; {_LATE}",
        )
    return None


def _keys(
    relation: RelationName, action: Action, snapshot: Snapshot
) -> tuple[frozenset[str], ...]:
    """The columns of each unique key of a table without NULLs."""
    table = snapshot.table(lookup.found(relation, snapshot, action.statement.settings))
    if table is None or relation.name in mentioned.queries(action):
        return ()
    given = {column.name for column in table.columns if column.not_null}
    return tuple(
        frozenset(index.columns)
        for index in table.indexes
        if index.unique and index.valid and index.predicate is None
        if None not in index.keys and given >= {*index.columns}
        if not {*index.columns} - {*index.keys}
    )


def _reads_what_it_sets(action: Action, table: Table) -> bool:
    targets = {*updates.targets(action)}
    return (
        mentioned.every_column(action)
        or mentioned.renames(action)
        or bool(updates.through(mentioned.columns_of_others(action), table) & targets)
        or bool(mentioned.whole_rows(action))
    )


def _overwrites(said: Updated, reads: frozenset[str], table: Table) -> Line | None:
    """That a second run would read what the first one has set."""
    for column, _ in said.values:
        if column in reads:
            return (
                f"this UPDATE reads {table.name}.{column}, which it sets, so a batch that runs"
                " twice may change the row twice",
                "add a new column for the new value, fill it, and drop the old one",
            )
    return None


def _may_overwrite(said: Updated, bare: frozenset[str], table: Table) -> Line | None:
    """The same by a name without its table, which no table of the query certainly has."""
    for column, _ in said.values:
        if column in bare:
            return (
                f"this UPDATE reads {column} without a table before it, which may be that of"
                f" {table.name}, which it sets, so a batch that runs twice may change the row"
                " twice",
                "write each column with the table that it is of; if it is the one that is set,"
                " add a new column for the new value, fill it, and drop the old one",
            )
    return None


def _whole_rows(action: Action, said: Updated, table: Table) -> Line | None:
    """That it reads the columns that it sets under the name of the row."""
    columns = {c.name for c in table.columns}
    own = mentioned.own_names(action)
    if not mentioned.whole_rows(action, *columns) & own and said.qualified <= columns:
        return None
    return (
        f"this UPDATE reads whole rows of {table.name}, or something of them that is no column,"
        " so a batch that runs twice may change a row twice",
        f"name the columns that it reads, but for those that it sets; {_LATE}",
    )


def _varies(said: Updated, table: Table, snapshot: Snapshot) -> Line | None:
    text = f"EXISTS ({said.rows})"
    if not is_random(text) and (unknown := _unknown(text, snapshot)) is not None:
        return unknown
    if unsettled(text, snapshot) is None:
        return None
    return (
        f"this UPDATE of {table.name} gives other values at another time or in another"
        " session, so the batches would never be done",
        f"write the value itself; {_LATE}",
    )


def _windows(action: Action, table: Table) -> Line | None:
    if not row_condition.windows(action):
        return None
    return (
        f"this UPDATE of {table.name} takes values from a window, so each row would read all of"
        " them again",
        "take them by a condition, such as the count of rows `b` with `b.c = t.c AND b.id <="
        f" t.id` for row_number(); {_LATE}",
    )
