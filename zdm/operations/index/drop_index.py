"""DROP INDEX of a table in use, always CONCURRENTLY, after the old version is gone.

Plain DROP INDEX takes ACCESS EXCLUSIVE on the table; the concurrent one lets reads and writes
pass, cannot run in a transaction block, and takes neither CASCADE nor the index of a
constraint (manual, DROP INDEX; measured 11-18). The old version's queries may need the index
to be fast, and its ON CONFLICT a unique one to work, so it is dropped in the contract.

If the train uses the name again, the index is renamed before the rollout, which takes SHARE
UPDATE EXCLUSIVE on the index alone (from PostgreSQL 12 on) and which no statement notices.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Irreversible, Phase, Step
from zdm.model.schema import Index, Name, Snapshot, Table, View
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import AddConstraint, DropObjects, IndexDefinition
from zdm.parse import emit, rewrite
from zdm.parse.emit import Ident, Qualified
from zdm.recipes import run_sql, site
from zdm.recipes.column import leaving, refusing
from zdm.recipes.index import build, replaced
from zdm.recipes.object import views
from zdm.recipes.object.view_index import DropOfView
from zdm.recipes.reading import refuse, statements
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.schema.effects import indexes

SLUG = "drop_index"


class DropIndex(Struct, frozen=True, kw_only=True):
    """Drop an index; None: it does not exist, and the statement has IF EXISTS. `replaced`: the
    train makes another one of its name, `late`: perhaps only in the contract. `word` is why the
    author lets a unique one stay until then; `beside` refuses what it refuses, and stays."""

    table: Name | None
    index: Index | None
    name: str
    replaced: bool = False
    late: bool = False
    word: str = ""
    beside: str = ""

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        where = f" of {self.table}" if self.table else " (does not exist)"
        return f"drop index {self.name}{where}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Queries that were fast may become slow, and a unique one refuses rows until then."""
        return tuple(
            Hazard(operation=SLUG, message=m, remedy=r) for m, r in self._lines(context.left)
        )

    def _lines(self, left: Snapshot) -> Iterator[tuple[str, str]]:
        if self.index is None:
            return
        if self.word:
            yield (
                f"until the contract {self.name} refuses rows that repeat its keys; by its"
                f" author the new version writes none ({self.word})",
                "let the new version write such rows only after the contract",
            )
        if self.beside:
            name = replaced.aside(self.name) if self.replaced else self.name
            yield (
                f"until {name} is dropped {self.table} has that unique index and"
                f" {self.beside}: an INSERT … ON CONFLICT that names a column or a constraint"
                " can fail with a duplicate key (23505) when two sessions insert the same new"
                " key at once",
                "repeat such a statement, or write ON CONFLICT DO NOTHING without a column:"
                " that never fails so",
            )
        if not self.replaced:
            if self.table is not None and left.table(self.table) is None:
                return  # this train drops the table, too
            yield (
                f"once {self.name} is dropped, no query on {self.table} can use it",
                "check pg_stat_user_indexes.idx_scan before the contract",
            )
            return
        yield (
            f"until the contract {self.table} has the index {self.name} and the one in its"
            " place, so writes take longer, and both need room on the disk",
            "contract soon after the rollout",
        )

    def choice(self, context: Context) -> Choice:
        """CONCURRENTLY, when no query of the old version uses it."""
        del context
        if self.index is None:
            return choice.nothing("there is no such index, and the statement says IF EXISTS")
        return choice.single(
            "DROP INDEX CONCURRENTLY when the old version is gone"
            + (", under another name until then" if self.replaced else ""),
            Trait.WAITS,
            because="queries of the old version may be slow without it",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step, or none; with a rename before it where the name is used again."""
        table = context.snapshot.table(self.table) if self.table else None
        if table is None or self.index is None:
            return ()
        place = site.at(SLUG, table, context)
        drop = self._drop(place, self.index)
        return (self._aside(place), drop) if self.replaced else (drop,)

    def _drop(self, place: Site, index: Index) -> Step:
        name = replaced.aside(self.name) if self.replaced else self.name
        full = place.beside(name)
        return run_sql.concurrently(
            place,
            id=place.id(self.name, "drop-index"),
            phase=Phase.DROP if self.late else Phase.CONTRACT,
            title=f"drop the old index {self.name} of {self.table}"
            if self.replaced
            else self.title,
            sql=(build.drop_sql(full),),
            locks=place.lock(LockMode.SHARE_UPDATE_EXCLUSIVE),
            probe=probes.probe(probes.absent(probes.relation(full))),
            undo=self._undo(index, name),
            serves=NEW_ONLY,
            reason="CONCURRENTLY blocks neither reads nor writes; repeated after a failure, it"
            " continues where it stopped.",
        )

    def _undo(self, index: Index, name: str) -> tuple[str, ...] | Irreversible:
        if self.word:
            return Irreversible(
                reason=f"without {self.name} the new version may write rows that it refuses,"
                " and ON CONFLICT of the old version fails"
            )
        if self.replaced:
            return (rewrite.index(index.definition, "", "", name=name),)
        return (index.definition.replace(" INDEX ", " INDEX CONCURRENTLY ", 1),)

    def _aside(self, place: Site) -> Step:
        old, new = place.beside(self.name), place.beside(replaced.aside(self.name))
        sql = "ALTER INDEX IF EXISTS {i} RENAME TO {n}"
        return run_sql.short_transaction(
            place,
            id=place.id(self.name, "rename"),
            phase=Phase.EXPAND,
            title=f"rename index {self.name} of {self.table} to {new.name}",
            sql=(emit.sql(sql.replace(" IF EXISTS", ""), i=Qualified(old), n=Ident(new.name)),),
            locks=(),
            probe=probes.probe(probes.relation(new)),
            undo=(emit.sql(sql, i=Qualified(new), n=Ident(old.name)),),
            serves=BOTH,
            reason="It makes the name free for the new index; no statement names an index, so"
            " both versions use it as before.",
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A DROP INDEX of one index of a table of the Snapshot."""
    action = actions[0]
    fact = statements.fact(action, ActionKind.DROP_INDEX)
    if fact is None:
        return None
    schema, _, name = fact.name.rpartition(".")
    table = _table_of(snapshot, schema, name)
    of_view = _of_view(actions, snapshot) if table is None else None
    if of_view is not None:
        return of_view
    if table is None:
        if fact.if_exists:
            return Match(operation=DropIndex(table=None, index=None, name=name), consumed=(0,))
        return refuse.refuse(
            action,
            "unknown_index",
            f"there is no index {fact.name} in the schema, so this statement would fail",
            "correct the name, or write IF EXISTS",
        )
    found = next(i for i in table.indexes if i.name == name)
    word = replaced.word(actions)
    problem = _problem(table, found, cascade=fact.cascade)
    maker = replaced.by(actions)
    cover = next((a for a in actions[1:] if _covers(a, found, table)), None)
    leaves = leaving.repeats_none(found, actions[1:], table, snapshot)
    if problem is None and not word and cover is None and not leaves:
        problem = _still_unique(table, found)
    if problem is not None:
        return refuse.refuse(action, "index_cannot_be_dropped", *problem)
    operation = DropIndex(
        table=table.name,
        index=found,
        name=name,
        replaced=maker is not None,
        late=any(
            one is not None and isinstance(one.said, AddConstraint) for one in (maker, cover)
        ),
        word=word[0].reason if word else "",
        beside=_beside(found, table, cover),
    )
    return Match(operation=operation, consumed=(0,), directives=word)


def _beside(found: Index, table: Table, cover: Action | None) -> str:
    """The unique index that refuses what it refuses: one that is there, or the new one, whose
    CREATE INDEX says so itself where the keys are columns."""
    other = refusing.implying(found, table, frozenset()) if found.valid else None
    if other is not None:
        return other.name
    if cover is None or not found.valid:
        return ""
    if isinstance(cover.said, IndexDefinition) and None not in found.keys:
        return ""
    return next(iter(replaced.made(cover)), f"the one of {cover.source}")


def _of_view(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """Of a materialized view."""
    action, said = actions[0], actions[0].said
    if not isinstance(said, DropObjects) or len(said.objects) != 1:
        return None
    words = said.objects[0]
    found = indexes.of_view(words, snapshot, action.statement.settings)
    if found is None:
        return None
    view, definition = found
    problem = _problem_of_view(actions, view, words[-1], cascade=said.cascade)
    if problem is not None:
        return refuse.refuse(action, "index_cannot_be_dropped", *problem)
    operation = DropOfView(slug=SLUG, view=view, name=words[-1], definition=definition)
    return Match(operation=operation, consumed=(0,))


def _problem_of_view(
    actions: Sequence[Action], view: View, name: str, *, cascade: bool
) -> tuple[str, str] | None:
    if cascade:
        return (
            f"CASCADE also drops everything that depends on {name}, unlisted",
            "drop what depends on it first, and remove CASCADE",
        )
    if views.by_train(view):
        return (
            f"this train makes {view.name}, and drops its index {name}",
            "remove both statements",
        )
    if replaced.by(actions) is not None:
        return (
            f"{name} of {view.name} stays until the old version is gone, so another one cannot"
            " have its name before",
            "give the new index another name",
        )
    return None


def _covers(maker: Action, found: Index, table: Table) -> bool:
    """Whether what it makes refuses all that the unique index refuses."""
    here = isinstance(maker.fact, Fact) and maker.fact.table == table.name
    return (
        here and not maker.statement.vouched and refusing.covered(found, replaced.keys(maker))
    )


def _table_of(snapshot: Snapshot, schema: str, name: str) -> Table | None:
    schemas = (schema,) if schema else snapshot.search_path
    for wanted in schemas:
        for table in snapshot.tables:
            if table.name.schema == wanted and any(i.name == name for i in table.indexes):
                return table
    return None


def _problem(table: Table, found: Index, *, cascade: bool) -> tuple[str, str] | None:
    if found.constraint is not None:
        return (
            f"{found.name} belongs to the constraint {found.constraint} of {table.name}",
            "drop the constraint instead, with `-- zdm: run in contract -- reason`",
        )
    if table.kind != "table" or table.partition_of is not None:
        return (
            f"{table.name} is partitioned, where DROP INDEX CONCURRENTLY is an error",
            "drop it in a quiet hour, with `-- zdm: run in contract -- reason`",
        )
    if found.replica_identity:
        return (
            f"{found.name} is the replica identity of {table.name}, so UPDATE on a published"
            " table would fail without it (55000)",
            "set another REPLICA IDENTITY first",
        )
    if cascade:
        return (
            f"CASCADE also drops everything that depends on {found.name}, unlisted",
            "drop what depends on it first, and remove CASCADE",
        )
    return None


def _still_unique(table: Table, found: Index) -> tuple[str, str] | None:
    """Before the rollout the old version needs it, and after it the new version meets it."""
    if not found.unique or not found.valid or refusing.implied(found, table, frozenset()):
        return None
    return (
        f"{found.name} is unique: while it is there, it refuses rows of the new version that"
        " repeat its keys, and without it every ON CONFLICT of the old version that names its"
        " columns fails",
        "put `-- zdm: run in contract -- reason` above it if the new version still writes no"
        " duplicates, or `-- zdm: run in expand -- reason` if the old version has no such"
        " ON CONFLICT; with DROP INDEX CONCURRENTLY, so that reads and writes continue",
    )
