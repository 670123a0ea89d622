"""ADD FOREIGN KEY while both tables are in use, and without failing a version.

ADD FOREIGN KEY reads both tables under SHARE ROW EXCLUSIVE on both, which stops writes; NOT
VALID reads nothing, and VALIDATE reads them under SHARE UPDATE EXCLUSIVE and ROW SHARE (manual,
ALTER TABLE; measured 11-18). Up to 17 a partitioned table takes none that is NOT VALID.

Nothing stops the old version from writing rows that refer to no row, or from deleting those
that are referred to, so it is added in CONTRACT, once that version is gone. Where it is about
columns that this train adds, which the old version leaves NULL, it is added before the rollout.

Rows that refer to no row are named, and stop the run; where the author says what is to become
of them (`-- zdm: orphans delete`), that is done in batches in CONTRACT.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Check, RunSql, Step
from zdm.model.schema import Constraint, Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Action, ActionKind, Directive, Setting
from zdm.model.syntax import AddConstraint, ConstraintDefinition
from zdm.parse import rewrite
from zdm.recipes import site
from zdm.recipes.column import unwritten
from zdm.recipes.constraint import (
    compared,
    dropped,
    obstacles,
    orphans,
    references,
    unvalidated,
)
from zdm.recipes.constraint.orphan_rows import Orphans
from zdm.recipes.constraint.references import Reference
from zdm.recipes.reading import refuse, statements
from zdm.recipes.site import Site
from zdm.schema import apply, family, generated_names, lookup

SLUG = "add_foreign_key"
_VALIDATES_PARTS = 18  # the first in which VALIDATE reaches them (measured 14-18)
_DIRECTIVE = (
    "; or put `-- zdm: orphans delete -- reason` above the statement (`null` empties the"
    " columns, `park` keeps the rows until the drop phase)"
)
_PLANNED_ANEW = "; or run `zdm rollback`, and make a plan with" + _DIRECTIVE.removeprefix(
    "; or put"
)
_WORDS = {
    "cascade": "deletes those rows of {}",
    "set null": "empties the columns of those rows of {}",
    "set default": "sets the columns of those rows of {} to their defaults",
}


class AddForeignKey(Struct, frozen=True, kw_only=True):
    """Add a foreign key. `late`: the old version may break it; `stays`: the author leaves it
    NOT VALID; `indexed`: an index leads from a referenced row to those that refer to it;
    `compared`: a query compares rows as the key does, so that it can name those which the key
    refuses; `orphans`: what the author says is to become of rows that refer to none;
    `correctable`: zdm could delete them; `former`: in whose place it comes."""

    table: Name
    name: str
    reference: Reference
    sql: str
    on_delete: str = ""
    late: bool = True
    stays: bool = False
    indexed: bool = True
    compared: bool = True
    orphans: Directive | None = None
    correctable: bool = True
    former: Constraint | None = None
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        ending = ", NOT VALID" if self.stays else ""
        where = f"from {self.table} to {self.reference.parent}"
        if self.former is None:
            return f"add foreign key {self.name} {where}{ending}"
        by = f" by {self.name}" if self.former.name != self.name else ""
        return f"replace foreign key {self.former.name} {where}{by}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What it refuses, what it changes by itself, and what it makes slow."""
        lines = [*self._lines(), *self._effects()]
        if self.orphans is not None:
            place = site.at(SLUG, context.snapshot.require_table(self.table), context)
            found = self._orphans(place, self.orphans)
            lines += orphans.hazards(found, self.orphans.reason, context.snapshot)
        lines += self._of_partitions(context)
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def _lines(self) -> Iterator[tuple[str, str]]:
        table, parent = self.table, self.reference.parent
        if self.former is not None:
            yield (
                f"until the contract {self.former.name} of {table} is enforced as before, also"
                " ON DELETE and ON UPDATE; then the new one is",
                "let the new version work with both",
            )
            return
        if not self.late and not self.on_delete:
            yield (
                f"the old version cannot delete rows of {parent} to which rows of the new"
                f" version refer by {self.name}",
                f"let neither version delete rows of {parent} until the old one is gone, or"
                " add the foreign key in a later release",
            )
        if not self.late:
            return
        if not self.stays and self.orphans is None:
            yield (
                f"rows of {table} that refer to no row of {parent} stop the contract, which"
                f" names {self._named}, and the old version may leave such rows until it is"
                " gone",
                "correct or delete them before, and what the old version leaves afterwards once"
                f" it is gone{_DIRECTIVE if self.correctable else ''}",
            )
        yield (
            f"until the contract {self.name} is not enforced, and ON DELETE does nothing",
            "let the new version write and delete as if it were not there",
        )

    def _of_partitions(self, context: Context) -> Iterator[tuple[str, str]]:
        parent = context.snapshot.require_table(self.reference.parent)
        if parent.partition_key and not self.stays and context.major < _VALIDATES_PARTS:
            yield (
                f"before PostgreSQL {_VALIDATES_PARTS}, VALIDATE marks {self.name} alone: its"
                f" entries in pg_constraint for the partitions of {parent.name} keep"
                " convalidated = false, although every row is checked",
                "let tools that look for constraints that are not valid leave out those with"
                " conparentid <> 0",
            )

    @property
    def _named(self) -> str:
        return "them by key" if self.compared else "the first one's values"

    def _effects(self) -> Iterator[tuple[str, str]]:
        parent = self.reference.parent
        if not self.indexed and self.former is None:
            columns = ", ".join(ident(column) for column in self.reference.columns)
            yield (
                f"no index begins with {columns} of {self.table}, so each DELETE of a row of"
                f" {parent}, and each change of its key, reads all of {self.table}",
                "create one with CREATE INDEX in the same train",
            )
        action, former = f"ON DELETE {self.on_delete.upper()}", self.former
        if self.on_delete and (former is None or action not in former.definition):
            done = _WORDS[self.on_delete].format(self.table)
            yield (
                f"{action}: a DELETE of rows of {parent} also {done}, in the same statement",
                f"in {parent}, delete few rows at a time",
            )

    def choice(self, context: Context) -> Choice:
        """Whether it is scanned, and when it is there."""
        reads = () if self.stays else (Trait.SCANS,)
        orphans_ = () if self.orphans is None else (Trait.BATCHES, Trait.TRIGGER)
        does = "" if self.stays else ", then VALIDATE, which blocks neither reads nor writes,"
        parts = self._by_partition(context)
        return choice.by_version(
            f"ADD CONSTRAINT … NOT VALID{does}{' of each partition' if parts else ''}"
            + (", with orphans corrected in batches," if orphans_ else ""),
            *reads,
            *orphans_,
            late=self.late,
            early="the old version refers to nothing by it, whatever it writes",
            after="orphans are corrected once the old version leaves no more"
            if orphans_
            else "the old version may write rows that refer to none, or delete their parents",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """NOT VALID, then VALIDATE; each after a look at the rows."""
        table = context.snapshot.require_table(self.table)
        parent = context.snapshot.require_table(self.reference.parent)
        place = site.at(SLUG, table, context, settings=self.settings)
        if not self._by_partition(context):
            return self._steps(place, parent, context.snapshot)
        below = (
            context.snapshot.require_table(n) for n in family.leaves(context.snapshot, table)
        )
        each = [
            step
            for leaf in below
            for step in self._steps(replace(place, table=leaf), parent, context.snapshot)
        ]
        return (*each, self._attach(place))

    def _by_partition(self, context: Context) -> bool:
        """Whether the table takes none that is NOT VALID, so that its partitions come first."""
        table = context.snapshot.require_table(self.table)
        whole = context.major >= obstacles.NOT_VALID_OF_PARTITIONED
        return table.kind == "partitioned table" and not whole

    def _steps(self, place: Site, parent: Table, snapshot: Snapshot) -> tuple[Step, ...]:
        """On a table that takes it NOT VALID."""
        to = parent.name
        sql = rewrite.on_table(self.sql, place.name)
        add = unvalidated.add(place, self.name, sql, references=to, late=self.late)
        if self.stays:
            return (add,)
        if self.former is not None:
            add = dropped.exchange(place, self.former, add, self.name, to)
        none = self._no_orphans(place, parent) if self.compared else ()
        validate = unvalidated.validate(
            place, self.name, references=to, late=self.late, preconditions=none
        )
        if self.orphans is not None:
            found = self._orphans(place, self.orphans)
            return orphans.steps(found, add, validate, snapshot)
        before = () if self.former is not None else none
        return (replace(add, preconditions=before), validate)

    def _no_orphans(self, place: Site, parent: Table) -> tuple[Check, ...]:
        return (
            references.no_orphans(
                place.table,
                parent,
                self.reference,
                failure=f"rows of {place.name} refer to rows that {parent.name} does not have,"
                f" so the foreign key {self.name} cannot be added",
                hint="correct or delete them, then run `zdm execute` again"
                + (_PLANNED_ANEW if self.correctable and self.orphans is None else ""),
            ),
        )

    def _orphans(self, place: Site, said: Directive) -> Orphans:
        return Orphans(
            site=place,
            parent=place.snapshot.require_table(self.reference.parent),
            reference=self.reference,
            name=self.name,
            nulls=orphans.able_to_be_null(place.table, self.reference)
            if said.argument == "null"
            else (),
            parks=said.argument == "park",
        )

    def _attach(self, place: Site) -> RunSql:
        """The partitioned table's own: those of its partitions become parts of it, unread."""
        to = self.reference.parent
        add = unvalidated.add(place, self.name, self.sql, references=to, late=self.late)
        mode, above = LockMode.SHARE_ROW_EXCLUSIVE, LockMode.ACCESS_EXCLUSIVE
        return replace(
            add,
            title=f"add {self.name} to {self.table} itself",
            sql=(rewrite.validated(self.sql),),
            locks=unvalidated.both_locks(place, to, mode, above, adds=True),
            reason="Each partition has it and is validated, so no row is read again.",
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ADD FOREIGN KEY on a table of the Snapshot, with the VALIDATE that follows it, and with
    the DROP before it of the one in whose place it comes."""
    taken = dropped.exchanged(actions, snapshot)
    if taken is None:
        return _added(actions, snapshot)
    former, position = taken
    added = _added(actions[position:], apply.apply(snapshot, actions[0]))
    if not isinstance(added, Match) or not isinstance(added.operation, AddForeignKey):
        return None
    new = added.operation
    if new.stays or not new.late or not dropped.same_rows(former, new.reference):
        return None
    if (new.name, dropped.actions(new.sql)) == (
        former.name,
        dropped.actions(former.definition),
    ):
        return None  # nothing tells the one from the other
    consumed = (0, *(position + number for number in added.consumed))
    return replace(added, operation=replace(new, former=former), consumed=consumed)


def _added(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    action = actions[0]
    fact, said = statements.fact(action, ActionKind.ADD_CONSTRAINT), action.said
    if fact is None or not isinstance(said, AddConstraint):
        return None
    says = said.constraint
    if says.references is None or says.not_enforced or says.period:
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None:
        return statements.unknown_table(action, fact.table)
    to = lookup.found(says.references, snapshot, action.statement.settings)
    parent = snapshot.table(to)
    if parent is None:
        return statements.unknown_table(action, to)
    referenced = says.referenced_columns or family.primary_key(snapshot, parent)
    problem = obstacles.of_foreign_key(
        says, table, parent, referenced
    ) or obstacles.of_partitioned(table, snapshot, fact)
    if problem is not None:
        return refuse.refuse(action, "foreign_key_cannot_be_added", *problem)
    reference = Reference(
        columns=says.columns, parent=to, referenced=referenced, match_full=says.match_full
    )
    match = _match(actions, says, reference, (table, snapshot))
    return _corrected(match, actions, table, snapshot)


def _match(
    actions: Sequence[Action],
    says: ConstraintDefinition,
    reference: Reference,
    start: tuple[Table, Snapshot],
) -> Match:
    table, snapshot = start
    parent = snapshot.require_table(reference.parent)
    name = says.name or generated_names.free(snapshot, table.name, says.columns, "fkey")
    validated = unvalidated.validated_at(actions, name) if says.not_valid else None
    operation = AddForeignKey(
        table=table.name,
        name=name,
        reference=reference,
        sql=rewrite.add_unvalidated(says, table.name, name, references=reference.parent),
        on_delete=says.on_delete,
        late=not _cannot_break(says, table, snapshot),
        stays=says.not_valid and validated is None,
        indexed=references.has_index(table, says.columns, actions[1:]),
        compared=compared.otherwise(table, parent, reference, snapshot) is None,
        settings=actions[0].statement.settings,
    )
    return Match(operation=operation, consumed=(0,) if validated is None else (0, validated))


def _corrected(
    match: Match, actions: Sequence[Action], table: Table, snapshot: Snapshot
) -> Match | Refusal:
    """The same where the author says what is to become of orphans; where it stays NOT VALID,
    they are nobody's concern."""
    said, operation = orphans.said(actions[0]), match.operation
    if not isinstance(operation, AddForeignKey) or operation.stays:
        return match
    about = (operation.reference, table, actions[1:], snapshot)
    if said is None:
        able = orphans.obstacle("delete", *about) is None
        return replace(match, operation=replace(operation, correctable=able))
    problem = orphans.obstacle(said.argument, *about)
    if problem is not None:
        return refuse.refuse(actions[0], "orphans_cannot_be_corrected", *problem)
    late = replace(operation, orphans=said, late=True)
    return replace(match, operation=late, directives=(said,))


def _cannot_break(says: ConstraintDefinition, table: Table, snapshot: Snapshot) -> bool:
    """Whether no row of the old version refers to anything, whatever it does."""
    if not unwritten.all_of(says.columns, table):
        return False
    empty = unwritten.left_null(says.columns, table, snapshot)
    return len(empty) == len(says.columns) if says.match_full else bool(empty)
