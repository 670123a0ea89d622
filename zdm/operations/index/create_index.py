"""CREATE INDEX on a table in use, always CONCURRENTLY.

Plain CREATE INDEX takes SHARE, which stops every write for the length of the build. The
concurrent build lets writes pass, cannot run in a transaction block, waits for older
transactions and leaves an INVALID index when it fails (manual, CREATE INDEX). IF NOT EXISTS
is removed: it would find an INVALID index and call it success (measured 11-18).

A unique index refuses duplicates from its last build phase on, before it is valid: both
versions must respect it.

A materialized view gets its index in the same way; one that the train makes is empty, so there
the plain form stops nothing.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct, structs

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Check, Step
from zdm.model.schema import Index, Name, Snapshot, Table, View
from zdm.model.sql import ident
from zdm.model.statement import Action, ActionKind, Setting
from zdm.model.syntax import IndexDefinition, IndexElement
from zdm.parse import expressions, rewrite
from zdm.recipes import site
from zdm.recipes.constraint import duplicates, unique_key
from zdm.recipes.constraint.duplicates import IndexKeys
from zdm.recipes.index import build, replaced, walk_key
from zdm.recipes.index.build import NewIndex
from zdm.recipes.object import view_index
from zdm.recipes.reading import refuse, statements
from zdm.schema import generated_names, lookup

SLUG = "create_index"


def _meets(new: Index, other: Index) -> bool:
    """Whether rows that are equal in the columns of the one are in the keys of the other."""
    if not other.unique or None in other.keys:
        return False
    plain = None not in new.keys
    own, its = {*(new.keys if plain else new.columns)}, {*other.keys}
    return own <= its or its <= own


class CreateIndex(Struct, frozen=True, kw_only=True):
    """Build an index. `there`: an index of that name exists and the statement has IF NOT
    EXISTS, so there is nothing to do."""

    table: Name
    index: Index
    sql: str
    preconditions: tuple[Check, ...]
    there: bool = False
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        unique = "unique index" if self.index.unique else "index"
        tail = " (already exists)" if self.there else ""
        return f"build {unique} {self.index.name} on {self.table}{tail}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """A unique index rejects what the old version may write."""
        if self.there or not self.index.unique:
            return ()
        rejects = Hazard(
            operation=SLUG,
            message=f"{self.index.name} rejects duplicates even before it is valid, while the"
            f" old version still writes {self.table}",
            remedy="make sure that neither version writes duplicates",
        )
        alike = [i.name for i in self._beside(context) if _meets(self.index, i)]
        if not alike:
            return (rejects,)
        twice = Hazard(
            operation=SLUG,
            message=f"the same rows meet in {self.index.name} and"
            f" {' and '.join(sorted(alike))}: while both are there, an INSERT … ON CONFLICT"
            " that names a column or a constraint can fail with a duplicate key (23505) when"
            " two sessions insert the same new key at once",
            remedy="repeat such a statement, or write ON CONFLICT DO NOTHING without a column:"
            " that never fails so",
        )
        return (rejects, twice)

    def _beside(self, context: Context) -> Iterator[Index]:
        """The indexes of the table while this one is built."""
        table = context.snapshot.table(self.table)
        yield from table.indexes if table else ()
        for name, index in context.staying:
            if name == self.table:
                aside = index.name == self.index.name
                yield (
                    structs.replace(index, name=replaced.aside(index.name)) if aside else index
                )

    def choice(self, context: Context) -> Choice:
        """CONCURRENTLY, unless nothing uses the table yet."""
        if self.there:
            return choice.nothing("an index of that name is there, and it says IF NOT EXISTS")
        new = context.snapshot.require_table(self.table).created
        return choice.of(
            choice.way(
                "plain",
                "CREATE INDEX without CONCURRENTLY",
                new,
                because="this train makes the table",
                unless="the table is in use, and every write would wait for the whole build",
            ),
            choice.way(
                "concurrently",
                "CREATE INDEX CONCURRENTLY before the rollout",
                not new,
                Trait.BUILDS,
                because="reads and writes continue while it is built",
                unless="nothing writes to the table yet",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step, or none."""
        if self.there:
            return ()
        table = context.snapshot.require_table(self.table)
        return (
            build.build(
                site.at(SLUG, table, context, settings=self.settings),
                NewIndex(
                    name=self.index.name,
                    sql=self.sql,
                    columns=self.index.columns,
                    unique=self.index.unique,
                ),
                preconditions=self.preconditions,
            ),
        )


def _checks(
    says: IndexDefinition, relation: Name, name: str, walked: tuple[str, ...] = ()
) -> tuple[Check, ...]:
    """Of a unique index, that there are no duplicates; `walked` identifies a row."""
    if not says.unique:
        return ()
    keys = tuple(_grouped(e) for e in says.elements)
    parts = [f"({key}) IS NOT NULL" for key in keys if not says.nulls_not_distinct]
    parts += [f"({expressions.sql(says.where)})"] if says.where is not None else []
    asked = IndexKeys(
        words=tuple(e.column or _key_sql(e) for e in says.elements),
        sql=keys,
        condition=" AND ".join(parts) or "true",
    )
    return (duplicates.of_index(relation, walked, name, asked),)


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A CREATE INDEX on a table of the Snapshot."""
    action = actions[0]
    fact = statements.fact(action, ActionKind.CREATE_INDEX)
    says = action.said
    if fact is None or not isinstance(says, IndexDefinition):
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None:
        view = next((v for v in snapshot.views if v.name == fact.table), None)
        if view is None or view.kind != "materialized view":
            return None if view else statements.unknown_table(action, fact.table)
        return _on_view(action, says, view, snapshot)
    name = says.name or generated_names.of_index(says, table.name, snapshot)
    problem = _problem(says, table, name)
    if says.nulls_not_distinct and snapshot.major < unique_key.NULLS_NOT_DISTINCT:
        problem = unique_key.too_new(snapshot)
    if problem is not None:
        return refuse.refuse(action, "index_cannot_be_planned", *problem)
    same = next((i for i in table.indexes if i.name == name), None)
    if same is not None and not fact.if_exists:
        return refuse.refuse(
            action,
            "index_exists",
            f"{table.name} already has an index {name}, so this statement would fail",
            "give it another name",
        )
    operation = _operation(action, says, table, name, there=same is not None)
    return Match(operation=operation, consumed=(0,))


def _on_view(
    action: Action, says: IndexDefinition, view: View, snapshot: Snapshot
) -> Match | Refusal:
    name = says.name or generated_names.of_index(says, view.name, snapshot)
    problem = _problem_of_view(says, view, name, snapshot)
    if says.nulls_not_distinct and snapshot.major < unique_key.NULLS_NOT_DISTINCT:
        problem = unique_key.too_new(snapshot)
    if problem is not None:
        return refuse.refuse(action, "index_cannot_be_planned", *problem)
    sql = rewrite.build_concurrently(says, view.name, name)
    operation = view_index.IndexOfView(
        slug=SLUG,
        view=view,
        name=name,
        unique=says.unique,
        sql=sql,
        plain=rewrite.create_index(says, view.name, name),
        settings=action.statement.settings,
        preconditions=_checks(says, view.name, name),
    )
    return Match(operation=operation, consumed=(0,))


def _operation(
    action: Action, says: IndexDefinition, table: Table, name: str, *, there: bool
) -> CreateIndex:
    sql = rewrite.build_concurrently(says, table.name, name)
    predicate = expressions.sql(says.where) if says.where is not None else None
    return CreateIndex(
        table=table.name,
        index=Index(
            name=name,
            definition=sql.replace(" CONCURRENTLY", "", 1),
            keys=tuple(e.column or None for e in says.elements),
            columns=_mentioned(says),
            unique=says.unique,
            predicate=predicate,
        ),
        sql=sql,
        preconditions=_checks(says, table.name, name, walk_key.walk(table)),
        there=there,
        settings=action.statement.settings,
    )


def _mentioned(says: IndexDefinition) -> tuple[str, ...]:
    """Every column of the index, those inside expressions last."""
    named = [e.column for e in (*says.elements, *says.included) if e.column]
    asked = [e.expression for e in says.elements] + [says.where]
    inside = {c for e in asked if e is not None for c in expressions.columns(e)}
    return tuple(dict.fromkeys([*named, *sorted(inside)]))


def _grouped(element: IndexElement) -> str:
    """The key as GROUP BY takes it: there a constant, as of a table of one row, would be a
    position or an error."""
    found = _key_sql(element)
    is_constant = element.expression is not None and not expressions.columns(element.expression)
    return f"COALESCE({found})" if is_constant else found


def _key_sql(element: IndexElement) -> str:
    if element.expression is None:
        return ident(element.column)
    return expressions.sql(element.expression)


def _problem(says: IndexDefinition, table: Table, name: str) -> tuple[str, str] | None:
    """Why it is refused, and the remedy."""
    if table.kind == "partitioned table":
        return (
            f"{table.name} is partitioned, where CREATE INDEX CONCURRENTLY is an error and"
            " plain CREATE INDEX stops all writes while every partition is built",
            "create it ON ONLY the parent, CONCURRENTLY on each partition, and join them with"
            " ALTER INDEX … ATTACH PARTITION; the first and the last under"
            " `-- zdm: run in expand -- reason`",
        )
    if table.kind == "foreign table":
        return (f"{table.name} is a foreign table and cannot have an index", "remove it")
    invalid = next((i for i in table.indexes if i.name == name and not i.valid), None)
    if invalid is not None:
        return (
            f"{name} exists but is INVALID, left by a failed build",
            f"run DROP INDEX CONCURRENTLY {ident(name)} and make a new snapshot",
        )
    known = {column.name for column in table.columns}
    missing = [e.column for e in says.elements if e.column and e.column not in known]
    if missing:
        return (
            f"{table.name} has no column {missing[0]}, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    return None


def _problem_of_view(
    says: IndexDefinition, view: View, name: str, snapshot: Snapshot
) -> tuple[str, str] | None:
    if lookup.in_use(snapshot, Name(view.name.schema, name)):
        return (
            f"there is a relation {name} in {view.name.schema} already, so this statement fails"
            " or does nothing",
            "give the index another name",
        )
    missing = [c for c in _mentioned(says) if view.columns and c not in view.columns]
    if missing:
        return (
            f"{view.name} has no column {missing[0]}, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    return None
