"""DROP of a type, domain, sequence, schema or statistics object.

The old version may use it until it is gone, in casts, in nextval(), by name: so it is dropped
last, without CASCADE. DROP locks no table, but the one of a statistics object (SHARE UPDATE
EXCLUSIVE; manual, DROP …; measured 14, 18). A statistics object and an empty schema are made
again by undo; the others are not, since the old version comes back before any undo.
An extension belongs to a superuser on the shadow, so its drop cannot be verified.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Irreversible, Phase, Step, TableLock
from zdm.model.schema import Name, Snapshot
from zdm.model.sql import ident
from zdm.model.statement import Action, Fact, Statement
from zdm.model.syntax import DropObjects
from zdm.parse import emit
from zdm.parse.emit import Ident
from zdm.parse.objects import statistics
from zdm.recipes import run_sql
from zdm.recipes.object import naming, objects
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema.effects import dependents, drops
from zdm.schema.effects.dependents import Thing

SLUG = "drop_object"
_KINDS = frozenset({"type", "sequence", "schema", "extension", "statistics"})
_NAMED_IN_TEXT = frozenset({"type", "domain", "sequence"})


class DropObject(Struct, frozen=True, kw_only=True):
    """Drop them; none: they do not exist, and the statement has IF EXISTS."""

    kind: str
    things: tuple[Thing, ...]
    words: str  # as written, for the title
    statement: Statement
    locks: tuple[TableLock, ...]
    undo: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        ending = "" if self.things else " (does not exist)"
        return f"drop {self.kind} {self.words}{ending}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What uses it without the catalog saying so."""
        return tuple(
            Hazard(operation=SLUG, message=message, remedy=remedy)
            for message, remedy in self._risks(context.snapshot)
        )

    def _risks(self, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
        for thing in self.things if self.kind in _NAMED_IN_TEXT else ():
            named = naming.functions(snapshot, thing.name)
            if named:
                yield (
                    f"these name {thing.name} in their text: {', '.join(named)}; they fail once"
                    " it is dropped",
                    "change them in a release before this one",
                )

    def choice(self, context: Context) -> Choice:
        """It waits for the old version."""
        del context
        if not self.things:
            return choice.nothing("there is no such object, and the statement says IF EXISTS")
        return choice.single(
            "drop it when the old version is gone, without CASCADE",
            Trait.WAITS,
            because="the old version may use it",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement, once no old instance is left; none where there is nothing."""
        if not self.things:
            return ()
        return (
            run_sql.short_transaction(
                Owned(operation=SLUG, origin=context.origin),
                id=f"{'-'.join(_id(thing) for thing in self.things)}-drop",
                phase=Phase.DROP,
                title=self.title,
                sql=(self.statement.sql,),
                locks=self.locks,
                settings=self.statement.settings,
                probe=probes.probe(probes.both(*map(_is_gone, self.things))),
                undo=self.undo or Irreversible(reason=_NOT_BACK[self.kind]),
                serves=BOTH if self.kind == "statistics" else NEW_ONLY,
                reason="No running version uses it; without CASCADE, so that the server refuses"
                " to drop what something else needs.",
            ),
        )


_NOT_BACK = {
    "type": "a rollback starts the old version first, and it may name the type",
    "domain": "a rollback starts the old version first, and it may name the domain",
    "sequence": "its last value is gone, and the old version may need it",
    "schema": "grants on the schema are not made again",
}


def _id(thing: Thing) -> str:
    return str(thing.name) if thing.kind != "statistics" else f"{thing.name}-statistics"


def _unquoted(quoted: str) -> Name:
    schema, _, name = quoted[1:-1].partition('"."')
    return Name(schema.replace('""', '"'), name.replace('""', '"'))


def _is_gone(thing: Thing) -> str:
    if thing.kind == "statistics":
        return objects.no_statistics(_unquoted(thing.part))
    return probes.absent(objects.there(thing.kind, thing.name))


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """DROP of one or several objects of one of these kinds."""
    action, said = actions[0], actions[0].said
    if not isinstance(said, DropObjects) or said.kind not in _KINDS:
        return None
    if not isinstance(action.fact, Fact):
        return None
    kind = "domain" if said.domain else said.kind
    words = ", ".join(".".join(one) for one in said.objects)
    found = drops.targets(snapshot, action)
    problem = _problem(said, found, f"{kind} {words}", snapshot)
    if problem is not None:
        return refuse.refuse(action, "object_cannot_be_dropped", *problem)
    if None in found and snapshot.opaque:
        return None
    things = tuple(thing for thing in found if thing is not None)
    operation = DropObject(
        kind=kind,
        things=things,
        words=words,
        statement=action.statement,
        locks=_locks(things, action, snapshot),
        undo=_undo(things, snapshot),
    )
    return Match(operation=operation, consumed=(0,))


def _locks(
    things: Sequence[Thing], action: Action, snapshot: Snapshot
) -> tuple[TableLock, ...]:
    own = {
        TableLock(table=thing.name, mode=LockMode.ACCESS_EXCLUSIVE)
        for thing in things
        if thing.kind == "sequence"
    }
    return tuple(sorted({*own, *statements.of_author(snapshot, action)}))


def _problem(
    said: DropObjects, found: Sequence[Thing | None], what: str, snapshot: Snapshot
) -> tuple[str, str] | None:
    if None in found and not said.if_exists and not snapshot.opaque:
        return (
            f"{what} is not in the schema, so this statement would fail",
            "correct the name, or write IF EXISTS",
        )
    things = tuple(thing for thing in found if thing is not None)
    if said.kind == "extension" and things:
        return (
            f"a superuser owns {what} on the shadow server, so the drop cannot be tried there,"
            " and zdm does not know what uses it",
            "find that in a test database (DROP EXTENSION without CASCADE names it), and put"
            " `-- zdm: run in contract -- reason` and `-- zdm: privileged -- reason` above it",
        )
    used = [str(one) for one in dependents.blocking(snapshot, things)]
    used += [_owning(thing, snapshot) for thing in things]
    used += [one for thing in things for one in _others(thing, snapshot)]
    used = list(dict.fromkeys(filter(None, used)))
    if used:
        return (
            f"{what} cannot be dropped, because these need it: {', '.join(used)}",
            "drop each of them by name above this statement, or in an earlier release, without"
            " CASCADE",
        )
    if said.cascade:
        return (
            f"CASCADE also drops everything that depends on {what}, unlisted",
            "drop what depends on it first, and remove CASCADE",
        )
    return None


def _owning(thing: Thing, snapshot: Snapshot) -> str:
    """The identity column whose sequence it is."""
    for one in snapshot.sequences if thing.kind == "sequence" else ():
        if one.name == thing.name and one.identity and one.owner_table is not None:
            return f"identity column {one.owner_table}.{one.owner_column}"
    return ""


def _others(thing: Thing, snapshot: Snapshot) -> Iterator[str]:
    """What a schema holds of kinds that zdm knows by name alone."""
    if thing.kind != "schema":
        return
    start = f"{ident(thing.name.name)}."
    plain = f"{thing.name.name}."
    for other in snapshot.others:
        if other.name.startswith((start, plain)):
            yield f"{other.kind} {other.name}"


def _undo(things: Sequence[Thing], snapshot: Snapshot) -> tuple[str, ...]:
    """How they are made again; empty where one of them is not."""
    texts = [_again(thing, snapshot) for thing in things]
    return tuple(text for text in texts if text) if all(texts) else ()


def _again(thing: Thing, snapshot: Snapshot) -> str:
    if thing.kind == "schema":
        known = {Name("", one.name.strip('"')) for one in snapshot.rights}
        text = emit.sql("CREATE SCHEMA IF NOT EXISTS {n}", n=Ident(thing.name.name))
        return "" if thing.name in known else text
    if thing.kind != "statistics":
        return ""
    table = snapshot.require_table(thing.name)
    for text in table.statistics:
        if ident(*statistics.name(text)) == thing.part:
            return text.replace("CREATE STATISTICS ", "CREATE STATISTICS IF NOT EXISTS ", 1)
    return ""
