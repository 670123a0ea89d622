"""DROP CONSTRAINT of a unique or primary key, and ADD CONSTRAINT of another one for it.

The index of the new key is built CONCURRENTLY under another name while the old key is there;
in the contract one transaction drops the old key and makes the index the new one's, which takes
milliseconds (manual, ALTER TABLE, ADD table_constraint_using_index; measured 14-18).

The old version needs the old key for ON CONFLICT, so it is there until that version is gone,
and until then it refuses rows of the new version that repeat its columns. That is no matter
where the new key refuses them as well; else only the author knows, and says so by `run in
contract`. The index is built before the rollout where the old key, or another one, refuses
already what it refuses.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Step
from zdm.model.schema import Constraint, Index, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Setting
from zdm.model.syntax import CommentOn, ConstraintDefinition
from zdm.recipes import site
from zdm.recipes.column import refusing
from zdm.recipes.constraint import duplicates, replaced_key, unique_key
from zdm.recipes.constraint.unique_key import Key
from zdm.recipes.reading import refuse, statements
from zdm.schema import apply, family

SLUG = "replace_key"


class ReplaceKey(Struct, frozen=True, kw_only=True):
    """Replace a unique or primary key constraint by another. `nullable` are columns of the new
    key that must become NOT NULL; `word` is why the author lets the old one stay."""

    table: Name
    old: Constraint
    key: Key
    nullable: tuple[str, ...] = ()
    word: str = ""
    published: bool = False
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        old, new = ", ".join(self.old.columns), ", ".join(self.key.columns)
        return (
            f"replace {self.old.kind} {self.old.name} ({old}) of {self.table} by"
            f" {self.key.kind} {self.key.name} ({new})"
        )

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What the old key still refuses, and the new one does not do yet."""
        del context
        lines = (*self._until(), *self._after())
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def _until(self) -> Iterator[tuple[str, str]]:
        if self.word:
            yield (
                f"until the contract {self.old.name} refuses rows that repeat"
                f" {', '.join(self.old.columns)}; by its author the new version writes none"
                f" ({self.word})",
                "let the new version write such rows only after the contract",
            )
        if self.key.late and self.key.index is None:
            yield unique_key.duplicates_stop(self.table)
            if self._differs:
                yield (
                    f"until the contract ON CONFLICT on the columns of the new {self.key.name}"
                    " fails",
                    "let the new version name the columns of the old one until then",
                )
        if self.key.index is None and self.key.says.deferrable:
            yield unique_key.at_once(self.key)
        if _is_deferrable(self.old) and not self.key.says.deferrable:
            yield (
                f"until the contract {self.old.name} is there, which is DEFERRABLE: ON CONFLICT"
                f" on {', '.join(self.key.columns)} fails",
                "let the new version do without it until then",
            )
        if self.old.name != self.key.name:
            yield (
                f"ON CONFLICT ON CONSTRAINT {self.key.name} fails until the contract, and with"
                f" {self.old.name} from the contract on",
                "let the new version name columns instead",
            )
        if self.nullable:
            yield (
                f"rows of {self.table} with NULL in {', '.join(self.nullable)} stop the"
                " contract, which names them",
                "fill them with an UPDATE in the same train, and what the old version writes"
                " afterwards once it is gone",
            )

    @property
    def _differs(self) -> bool:
        return set(self.old.columns) != set(self.key.columns)

    def _after(self) -> Iterator[tuple[str, str]]:
        if self._differs:
            yield (
                f"ON CONFLICT on the columns of the old {self.old.name} fails after the"
                " contract, from which there is no way back",
                "let the new version do without it by then",
            )
        if self.published:
            yield (
                f"{self.table} is published: its updates are sent with the new key from the"
                " contract on",
                "give the table of each subscriber the same key before",
            )

    def choice(self, context: Context) -> Choice:
        """The old key stays as long as the old version."""
        del context
        there, late = self.key.index is not None, self.key.late
        proof = (Trait.SCANS,) if self.nullable else ()
        does = "change both constraints in one transaction when the old version is gone"
        return choice.of(
            choice.way(
                "index_there",
                does,
                there,
                Trait.WAITS,
                *proof,
                because="the index of the new key is there",
                unless="no index of the new key is there",
                wording=unique_key.INDEX_FIRST if late else "",
            ),
            choice.way(
                "built",
                f"build the index CONCURRENTLY {'then' if late else 'before the rollout'}, and"
                f" {does}",
                not there,
                Trait.BUILDS,
                Trait.WAITS,
                *proof,
                because="the old version may write rows that the new key refuses"
                if late
                else "a key that is there refuses already what the new one refuses",
                unless="the index is there",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """NOT NULL, the index, then the swap."""
        table = context.snapshot.require_table(self.table)
        place = site.at(SLUG, table, context, settings=self.settings)
        nulls = self.key.says.nulls_not_distinct
        none = duplicates.none(table, self.key.columns, self.key.name, nulls=nulls)
        proofs = [step for c in self.nullable for step in unique_key.filled(place, c)]
        return (*proofs, *unique_key.steps(place, self.key, (none,)))


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """DROP CONSTRAINT of a key of a table of the Snapshot, with the ADD that follows it."""
    action = actions[0]
    fact = statements.fact(action, ActionKind.DROP_CONSTRAINT)
    table = snapshot.table(fact.table) if fact is not None and fact.table else None
    old = replaced_key.dropped(action, table)
    position = None if old is None else replaced_key.by(actions, old)
    if table is None or old is None or position is None or _stays(table, old, snapshot):
        return None
    between = replaced_key.between(actions, position)
    if between is not None:
        return refuse.refuse(action, "key_cannot_be_replaced", *_order(old, between))
    after = apply.apply(snapshot, action)
    says = replaced_key.added(actions[position])
    return None if says is None else _match(actions, position, (table, old, says), after)


def _match(
    actions: Sequence[Action],
    position: int,
    change: tuple[Table, Constraint, ConstraintDefinition],
    after: Snapshot,
) -> Match | Refusal:
    table, old, says = change
    left = after.require_table(table.name)
    index = unique_key.index_of(says, left)
    name = unique_key.name_of(says, left, after, index)
    columns = unique_key.columns_of(says, index)
    word = replaced_key.word(actions, table)
    problem = unique_key.problem(says, left, after, name=name) or _identity(table, old)
    if problem is None and not word and not _covered(old, columns, says, table):
        problem = _refuses_more(old)
    if problem is None:
        problem = _commented(actions[position:], name)
    if problem is not None:
        return refuse.refuse(actions[0], "key_cannot_be_replaced", *problem)
    open_ = tuple(c for c in columns if says.kind == "primary key" and _is_nullable(table, c))
    late = bool(open_) or not _refused_already(columns, says, table)
    key = Key(name=name, columns=columns, says=says, index=index, late=late, replaces=old)
    operation = ReplaceKey(
        table=table.name,
        old=old,
        key=key,
        nullable=open_,
        word=word[0].reason if word else "",
        published=old.kind == "primary key" and bool(table.publications),
        settings=actions[position].statement.settings,
    )
    return Match(operation=operation, consumed=(0, position), directives=word)


def _stays(table: Table, old: Constraint, snapshot: Snapshot) -> bool:
    """Whether it is one that cannot be dropped, which the operation for that says."""
    referred = any(
        c.references == table.name and set(c.referenced_columns) == set(old.columns)
        for t in snapshot.tables
        for c in t.constraints
    )
    return referred or family.inherits_constraint(snapshot, table, old)


def _order(old: Constraint, between: Action) -> tuple[str, str]:
    return (
        f"{between.source} is between the DROP of {old.name} and the constraint that takes"
        " its place, and both change in one transaction after the rollout",
        "move the DROP CONSTRAINT directly above the ADD CONSTRAINT",
    )


def _identity(table: Table, old: Constraint) -> tuple[str, str] | None:
    index = next((i for i in table.indexes if i.constraint == old.name), None)
    if index is None or not index.replica_identity:
        return None
    return (
        f"the index of {old.name} is the replica identity of {table.name}, so UPDATE on a"
        " published table would fail without it (55000)",
        "set another REPLICA IDENTITY in an earlier release",
    )


def _commented(later: Sequence[Action], name: str) -> tuple[str, str] | None:
    """A comment that would be on the old key, and be gone with it."""
    for action in later:
        said = action.said
        if isinstance(said, CommentOn) and said.kind == "constraint" and name in said.words:
            return (
                f"{action.source} comments on {name}, which is still the old key before the"
                " rollout",
                "move the COMMENT to a revision that is planned after this train is contracted",
            )
    return None


def _refuses_more(old: Constraint) -> tuple[str, str]:
    return (
        f"{old.name} stays until the old version is gone, whose ON CONFLICT may need it, and"
        " until then it refuses rows of the new version that the other one accepts",
        "put `-- zdm: run in contract -- reason` above it if the new version writes no such"
        " rows until the contract; or add the other one in this release, under another name,"
        " and drop this one in the next",
    )


def _covered(
    old: Constraint, columns: tuple[str, ...], says: ConstraintDefinition, table: Table
) -> bool:
    """Whether the new key, or another one, refuses all that the old one refuses."""
    like = _like(old.columns, nulls="NULLS NOT DISTINCT" in old.definition)
    other = tuple(i for i in table.indexes if i.constraint != old.name)
    if refusing.implied(like, replace(table, indexes=other), frozenset()):
        return True
    defers = says.deferrable and not _is_deferrable(old)
    return not defers and refusing.covered(like, columns)


def _refused_already(
    columns: tuple[str, ...], says: ConstraintDefinition, table: Table
) -> bool:
    """Whether no version can write what the new index refuses while it is built."""
    deferred = {c.name for c in table.constraints if _is_deferrable(c)}
    at_once = tuple(i for i in table.indexes if i.constraint not in deferred)
    like = _like(columns, nulls=says.nulls_not_distinct)
    return refusing.implied(like, replace(table, indexes=at_once), frozenset())


def _like(columns: tuple[str, ...], *, nulls: bool) -> Index:
    definition = "NULLS NOT DISTINCT" if nulls else ""
    return Index(name="", definition=definition, keys=columns, columns=columns, unique=True)


def _is_deferrable(constraint: Constraint) -> bool:
    return " DEFERRABLE" in constraint.definition


def _is_nullable(table: Table, name: str) -> bool:
    column = table.column(name)
    return column is None or not column.not_null
