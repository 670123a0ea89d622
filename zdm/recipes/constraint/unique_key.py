"""A UNIQUE or PRIMARY KEY by an index that is built while reads and writes continue.

ADD UNIQUE builds its index under ACCESS EXCLUSIVE; an index that is there and valid becomes the
constraint's in milliseconds (manual, ALTER TABLE, ADD table_constraint_using_index; measured
11-18). The index refuses duplicates before it is valid, and those of a constraint that is
DEFERRABLE at once, until it is the constraint's.
"""

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, NEW_ONLY, Check, Irreversible, Phase, RunSql, TableLock
from zdm.model.schema import Constraint, Index, Name, Snapshot, Table
from zdm.model.sql import ident, zdm_name
from zdm.model.syntax import ConstraintDefinition
from zdm.parse import emit, rewrite
from zdm.parse.emit import Ident, Qualified
from zdm.recipes import run_sql
from zdm.recipes.constraint import breaking_rows, not_null, obstacles
from zdm.recipes.index import build
from zdm.recipes.index.build import NewIndex
from zdm.recipes.reading import session_dependent
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.schema import generated_names, lookup

Line = session_dependent.Line
INDEX_FIRST = (
    "CREATE UNIQUE INDEX, which is built before the rollout, and the constraint USING INDEX, if"
    " the old version writes no duplicates"
)
NULLS_NOT_DISTINCT = 15  # the first version that has it


def in_words(kind: str) -> str:
    """A constraint of that kind."""
    return "unique constraint" if kind == "unique" else kind


class Key(Struct, frozen=True, kw_only=True):
    """The constraint: its name, its key, the existing index that becomes its own, if any,
    whether the old version may break it, and the constraint in whose place it comes."""

    name: str
    columns: tuple[str, ...]
    says: ConstraintDefinition
    index: Index | None = None
    late: bool = True
    replaces: Constraint | None = None

    @property
    def built(self) -> str:
        """The name under which its index is built."""
        return self.name if self.replaces is None else zdm_name("new", self.name)

    @property
    def kind(self) -> str:
        """In words."""
        return self.says.kind


def choice_of(key: Key, *, proves: bool = False) -> Choice:
    """By an index that is there, or by one that is built. `proves`: columns become NOT NULL."""
    there = key.index is not None
    proof = (Trait.SCANS,) if proves else ()
    first = "prove NOT NULL, and " if proves else ""
    kind = "unique constraint" if key.kind == "unique" else key.kind
    does = f"{first}build its index CONCURRENTLY, then give it to the {kind},"
    return choice.of(
        choice.way(
            "index_there",
            f"{first}make the index that of the {kind}",
            there,
            Trait.WAITS,
            *proof,
            because="the index is there, and refuses already what the constraint will refuse",
            unless="the statement names no index that is there",
            wording=INDEX_FIRST if key.late and not key.says.deferrable else "",
        ),
        choice.way(
            "before_rollout",
            f"{does} before the rollout",
            not there and not key.late,
            Trait.BUILDS,
            *proof,
            because="the old version can write no duplicates",
            unless="the index is there" if there else "the old version may write duplicates",
            may=(Trait.WAITS,),
        ),
        choice.way(
            "after_rollout",
            f"{does} when the old version is gone",
            not there and key.late,
            Trait.BUILDS,
            Trait.WAITS,
            *proof,
            because="the old version may write duplicates, which the index refuses",
            unless="the index is there" if there else "the old version can write no duplicates",
        ),
    )


def duplicates_stop(table: Name) -> tuple[str, str]:
    """The hazard of a key of the contract, and its remedy."""
    return (
        f"duplicates in {table} stop the contract, which names them, and the old version may"
        " write some until it is gone",
        "remove them before, and those that the old version writes afterwards once it is gone",
    )


def at_once(key: Key) -> tuple[str, str]:
    """The hazard of a DEFERRABLE key, and its remedy."""
    return (
        f"while the index of {key.name} is built, duplicates within a transaction fail at once,"
        " as if it were not DEFERRABLE",
        "let both versions write none meanwhile",
    )


def steps(site: Site, key: Key, preconditions: tuple[Check, ...]) -> tuple[RunSql, ...]:
    """The index, then the constraint; the constraint alone where the index is there."""
    adopt = _adopt(site, key) if key.replaces is None else _swap(site, key, key.replaces)
    if key.index is not None:
        return (adopt,)
    phase, serves = (Phase.CONTRACT, NEW_ONLY) if key.late else (Phase.VALIDATE, BOTH)
    new = NewIndex(
        name=key.built,
        sql=rewrite.unique_index(key.says, site.name, key.columns, name=key.built),
        columns=key.columns,
        unique=True,
    )
    built = build.build(site, new, phase=phase, serves=serves, preconditions=preconditions)
    return (built, adopt)


def _adopt(site: Site, key: Key) -> RunSql:
    """What an index that was there refuses, it refuses already: only its name changes."""
    there = key.index is not None
    late = key.late or there  # dropping the constraint drops the index, which undo would build
    taken = key.index.name if key.index is not None else key.name
    t, k = Qualified(site.name), Ident(key.name)
    drop = emit.sql("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {k}", t=t, k=k)
    again = (key.index.definition,) if key.index is not None else ()
    return run_sql.short_transaction(
        site,
        id=site.id(key.name, "constraint"),
        phase=Phase.CONTRACT if late else Phase.VALIDATE,
        title=f"make index {taken} the {in_words(key.kind)} {key.name} of {site.name}",
        sql=(rewrite.using_index(key.says, site.name, name=key.name, index=taken),),
        locks=_locks(site, key),
        probe=probes.probe(probes.constraint(site.name, key.name)),
        undo=(drop, *again),
        serves=NEW_ONLY if late and not there else BOTH,
        reason="The index is built and valid, so the constraint takes milliseconds.",
    )


def _swap(site: Site, key: Key, old: Constraint) -> RunSql:
    """One transaction, so that the table always has a key, and its updates are published."""
    taken = key.index.name if key.index is not None else key.built
    there = probes.constraint(site.name, key.name)
    if key.name == old.name and (key.kind, key.columns) != (old.kind, old.columns):
        there = probes.constraint_other(site.name, key.name, old.definition)
    gone = probes.absent(probes.relation(site.beside(taken)))
    drop = emit.sql(
        "ALTER TABLE {t} DROP CONSTRAINT {k}", t=Qualified(site.name), k=Ident(old.name)
    )
    return run_sql.short_transaction(
        site,
        id=site.id(key.name, "swap"),
        phase=Phase.CONTRACT,
        title=f"replace {in_words(old.kind)} {old.name} of {site.name}"
        f" by {in_words(key.kind)} {key.name}",
        sql=(drop, rewrite.using_index(key.says, site.name, name=key.name, index=taken)),
        locks=_locks(site, key),
        probe=probes.probe(there if taken == key.name else probes.both(there, gone)),
        undo=Irreversible(
            reason=f"the index of {old.name} is gone, without which ON CONFLICT of the old"
            " version fails"
        ),
        serves=NEW_ONLY,
        reason="The index is built and valid, so both constraints change in milliseconds; the"
        " old version, whose ON CONFLICT may need the old one, is gone.",
    )


def filled(site: Site, column: str) -> tuple[RunSql, ...]:
    """Proves NOT NULL in the contract, after a look at the rows."""
    steps = not_null.prove(site, column, serves=NEW_ONLY, phase=Phase.CONTRACT)
    none = breaking_rows.none(
        site.table,
        f"c.{ident(column)} IS NULL",
        failure=f"rows of {site.name} have NULL in {column}",
        hint="fill them, then run `zdm execute` again",
    )
    return (replace(steps[0], preconditions=(none,)), *steps[1:])


def _locks(site: Site, key: Key) -> tuple[TableLock, ...]:
    """A primary key makes its columns NOT NULL by a command that also locks the tables below,
    even where they are so already (measured 14-18)."""
    if key.kind == "primary key":
        return site.lock_below(LockMode.ACCESS_EXCLUSIVE)
    return site.lock_to_add(LockMode.ACCESS_EXCLUSIVE)


def columns_of(says: ConstraintDefinition, index: Index | None) -> tuple[str, ...]:
    """The key's columns."""
    if index is None:
        return says.columns
    return tuple(column for column in index.keys if column is not None)


def index_of(says: ConstraintDefinition, table: Table) -> Index | None:
    """The existing index that becomes its own."""
    return next((i for i in table.indexes if i.name == says.using_index), None)


def name_of(
    says: ConstraintDefinition, table: Table, snapshot: Snapshot, index: Index | None
) -> str:
    """The author's name for it, or the one that PostgreSQL chooses."""
    if says.name or index is not None:
        return says.name or says.using_index
    words = generated_names.numbered([*says.columns, *says.including])
    if says.kind == "primary key":
        return generated_names.free(snapshot, table.name, (), "pkey")
    return generated_names.free(snapshot, table.name, words, "key")


def problem(
    says: ConstraintDefinition, table: Table, snapshot: Snapshot, *, name: str
) -> Line | None:
    """Why it would fail, or cannot be built while the table is in use; and the remedy."""
    found = obstacles.found(says, table) or obstacles.missing(says.including, table)
    if found is not None:
        return found
    if says.nulls_not_distinct and snapshot.major < NULLS_NOT_DISTINCT:
        return too_new(snapshot)
    if table.kind == "foreign table":
        return (
            f"{table.name} is a foreign table, which has no indexes, so this statement would"
            " fail",
            "remove it",
        )
    if table.kind == "partitioned table":
        return (
            f"{table.name} is partitioned, where no index is built CONCURRENTLY, so a"
            f" {says.kind} builds one in each partition while reads and writes wait",
            f"add the {says.kind} to each partition in one release, and to {table.name} in the"
            " next one under `-- zdm: run in contract -- reason`, which then builds nothing",
        )
    if says.using_index:
        return _by_index(says, table)
    return _inherited(says, table, snapshot) or _taken(table, snapshot, name)


def _inherited(says: ConstraintDefinition, table: Table, snapshot: Snapshot) -> Line | None:
    """PRIMARY KEY USING INDEX makes an inherited NOT NULL the table's own, which PRIMARY KEY
    does not, and nothing makes it inherited again (measured 18)."""
    if says.kind != "primary key" or snapshot.major < not_null.NAMED_FROM:
        return None
    for column in says.columns:
        found = not_null.constraint_of(table, column)
        if found is not None and found.inherited:
            return (
                f"NOT NULL of {table.name}.{column} comes from a table above it, and a primary"
                " key by an index that is built before would make it the table's own",
                "make it UNIQUE, which identifies rows as well; or, if the index can be built"
                " while reads and writes wait, put `-- zdm: run in contract -- reason` above"
                " this statement, and above a DROP CONSTRAINT whose place it takes",
            )
    return None


def too_new(snapshot: Snapshot) -> Line:
    """That the server has no NULLS NOT DISTINCT."""
    return (
        f"PostgreSQL {snapshot.major} has no NULLS NOT DISTINCT, so this statement would fail",
        "remove it",
    )


def _taken(table: Table, snapshot: Snapshot, name: str) -> Line | None:
    full = lookup.made(lookup.relation((table.name.schema, name)), snapshot, ())
    if not lookup.in_use(snapshot, full):
        return None
    return (
        f"its index needs the name {name}, which {table.name.schema} has already, so this"
        " statement would fail",
        "give it a name that is free",
    )


def _by_index(says: ConstraintDefinition, table: Table) -> Line | None:
    index = index_of(says, table)
    if index is None:
        return (
            f"{table.name} has no index {says.using_index}, so this statement would fail",
            "create it with CREATE UNIQUE INDEX before",
        )
    if index.constraint is not None:
        return (
            f"the index {index.name} belongs to the constraint {index.constraint}, so this"
            " statement would fail",
            "create another one with CREATE UNIQUE INDEX before",
        )
    if not index.unique or index.predicate is not None or None in index.keys:
        return (
            f"the index {index.name} is not unique, or is partial or on an expression, so this"
            " statement would fail",
            "create another one with CREATE UNIQUE INDEX on columns before",
        )
    if not index.valid:
        return (
            f"the index {index.name} is INVALID, left by a failed build, so this statement"
            " would fail",
            "drop it with DROP INDEX CONCURRENTLY, and make a new snapshot",
        )
    return None
