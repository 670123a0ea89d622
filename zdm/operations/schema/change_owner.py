"""ALTER … OWNER TO of a table, view, sequence, routine or type.

It takes ACCESS EXCLUSIVE on the relation and on the sequences of its columns for milliseconds,
and no lock on a table for anything else; partitions keep their owners (manual, ALTER TABLE;
measured 14, 18). The former owner's own rights are in no access list and end at once, so it
comes last, when no step needs them, and only where the former owner and the role that runs the
plan are members of the new one. An object that the train makes gets its owner before the
rollout.
"""

import contextlib
from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.catalog.indexed import named
from zdm.model.commands import SetSchema
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, Irreversible, Phase, Step, TableLock
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, Fact
from zdm.model.syntax import DropObjects, RelationName, RenameObject
from zdm.parse import emit
from zdm.parse.emit import Ident
from zdm.parse.objects import owners, rights
from zdm.parse.objects.owners import NewOwner
from zdm.recipes import run_sql
from zdm.recipes.access import owner, privilege
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import rights as of_schema
from zdm.schema.rights import Right, Target

SLUG = "change_owner"
_Problem = tuple[str, str]


class ChangeOwner(Struct, frozen=True, kw_only=True):
    """Give it to `role`. `kind`: in the words of ALTER; `unused`: this train makes it."""

    target: Target
    kind: str
    role: str
    unused: bool
    locks: tuple[TableLock, ...]

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"give {self._what} to {self.role}"

    @property
    def _what(self) -> str:
        return f"{self.kind} {self.target.name}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Whose it is until when, and what must hold."""
        return tuple(
            Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin)
            for message, remedy in self._risks(context.snapshot)
        )

    def _risks(self, snapshot: Snapshot) -> Iterator[_Problem]:
        ends = "stops before the rollout" if self.unused else "does not begin"
        yield (
            f"the run {ends} if the role that runs it or the owner of {self._what} is no member"
            f" of {self.role}",
            f"GRANT {self.role} TO both first (from 16 on WITH INHERIT TRUE, SET TRUE)",
        )
        if self.unused:
            return
        yield (
            f"until the last step {self._what} belongs to its present owner, so {self.role} has"
            " only the rights that it was granted",
            "let the new version work with these until then, or GRANT it more",
        )
        if owner.secured(self.target.name, snapshot) is not None:
            yield (
                f"row security no longer hides rows of {self.target.name} from {self.role} and"
                " its members, as they own it then",
                "see that no application connects as one of them that must not see every row",
            )

    def choice(self, context: Context) -> Choice:
        """Last, unless nothing uses it yet."""
        del context
        return choice.by_version(
            "give it to its new owner, a change of the catalog alone,",
            late=not self.unused,
            early="this train makes it, so nothing uses it yet",
            after="what the plan and the old version do until then may need the rights of the"
            " present owner",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step."""
        to = Right(target=self.target, privilege="", role=self.role)
        return (
            run_sql.short_transaction(
                Owned(operation=SLUG, origin=context.origin),
                id=f"{self.target.name}-owner",
                phase=Phase.EXPAND if self.unused else Phase.DROP,
                title=self.title,
                sql=(self._sql(),),
                locks=self.locks,
                preconditions=tuple(
                    owner.kept(self.target, self._what, self.role, context.snapshot)
                ),
                probe=probes.probe(privilege.owns(to)),
                undo=()
                if self.unused
                else Irreversible(
                    reason="the former owner is not in the plan; ALTER … OWNER TO gives it back"
                ),
                serves=BOTH,
                reason="This train makes it."
                if self.unused
                else "No step follows that needs the former owner's rights, and it keeps them"
                " as a member of the new one.",
            ),
        )

    def _sql(self) -> str:
        called, parts = privilege.called_by(self.target)
        text = f"ALTER {self.kind.upper()} {called} OWNER TO {{r}}"
        return emit.sql(text, **parts, r=Ident(self.role))


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """OWNER TO of an object that the Snapshot has."""
    action = actions[0]
    said = owners.read(action)
    if said is None or not isinstance(action.fact, Fact):
        return None
    try:
        target = of_schema.target(said.kind, said.named, snapshot, action.statement.settings)
    except LookupError as error:
        return None if snapshot.opaque else _missing(action, str(error))
    problem = _problem(actions, said, target, snapshot)
    if problem is not None:
        return refuse.refuse(action, "owner_cannot_be_changed", *problem)
    unused = _is_new(target, snapshot)
    operation = ChangeOwner(
        target=target,
        kind=_kind(target, snapshot),
        role=said.role,
        unused=unused,
        locks=() if unused else _locks(action, target, snapshot),
    )
    return Match(operation=operation, consumed=(0,))


def _missing(action: Action, name: str) -> Refusal:
    return refuse.refuse(
        action,
        "owner_cannot_be_changed",
        f"{name} is not in the schema, or there are several, so which object is meant is not"
        " known",
        "correct the name, or write the arguments of the function",
    )


def _locks(action: Action, target: Target, snapshot: Snapshot) -> tuple[TableLock, ...]:
    """On a table and its sequences; on a view or another sequence itself."""
    found = statements.of_author(snapshot, action)
    if found or target.kind not in ("table", "sequence"):
        return found
    return (TableLock(table=target.name, mode=LockMode.ACCESS_EXCLUSIVE),)


def _kind(target: Target, snapshot: Snapshot) -> str:
    if target.kind != "table":
        return target.kind
    for view in named(snapshot.views, target.name):
        return view.kind
    return "sequence" if named(snapshot.sequences, target.name) else "table"


def _is_new(target: Target, snapshot: Snapshot) -> bool:
    """Whether the train makes it; a new table is no matter of this operation."""
    match target.kind:
        case "routine":
            found = named(snapshot.functions, target.name)
            return all(f.created for f in found if target.arguments in (None, f.arguments))
        case "sequence":
            return all(one.created for one in named(snapshot.sequences, target.name))
        case "type":
            return all(one.created for one in named(snapshot.types, target.name))
    return False


def _problem(
    actions: Sequence[Action], said: NewOwner, target: Target, snapshot: Snapshot
) -> _Problem | None:
    if not said.role:
        return (
            "CURRENT_USER and the like mean the role that runs the plan, which is not known"
            " yet",
            "write the name of the role",
        )
    return (
        _of_schema(target)
        or _of_sequence(target, snapshot)
        or _of_rights(target, snapshot)
        or _behind(actions, target, snapshot)
    )


def _of_schema(target: Target) -> _Problem | None:
    if target.kind != "schema":
        return None
    return (
        "the new owner of a schema needs CREATE on the database, which no role of the schema"
        " has on a shadow, so it cannot be tried there",
        "if it has that right and the former owner is a member of it, put"
        " `-- zdm: run in contract -- reason` and `-- zdm: privileged -- reason` above it",
    )


def _of_sequence(target: Target, snapshot: Snapshot) -> _Problem | None:
    for one in named(snapshot.sequences, target.name):
        if target.kind in ("sequence", "table") and one.owner_table is not None:
            return (
                f"{one.name} belongs to {one.owner_table}.{one.owner_column}, and goes with its"
                " table, so this statement fails",
                f"write ALTER TABLE {one.owner_table} OWNER TO, or remove the statement",
            )
    return None


def _of_rights(target: Target, snapshot: Snapshot) -> _Problem | None:
    """What runs with the rights of the owner, of which no catalog knows which it needs."""
    table = owner.secured(target.name, snapshot) if target.kind == "table" else None
    if table is not None and table.row_security == "forced":
        return (
            f"the policies of {table.name} bind its owner, too, and zdm does not know which"
            " rows they show to the new one, in foreign keys and in what runs as the owner",
            "if they show it every row that the present owner sees, put it below all other"
            " changes of the table, with `-- zdm: run in contract -- reason` above it",
        )
    for one in named(snapshot.functions, target.name) if target.kind == "routine" else ():
        if target.arguments in (None, one.arguments) and "SECURITY DEFINER" in one.definition:
            return (
                f"{one.name} is SECURITY DEFINER, so it runs as its owner, and zdm does not"
                " know which rights its body needs",
                "if the new owner has them, put it below all other changes of the function,"
                " with `-- zdm: run in contract -- reason` above it",
            )
    return None


def _behind(actions: Sequence[Action], target: Target, snapshot: Snapshot) -> _Problem | None:
    """What runs before it though it is written behind it."""
    for other in actions[1:]:
        if other.statement.vouched:
            continue
        if target.name in _granted(other, target.kind, snapshot):
            return (
                f"{other.source} changes rights on {target.name}, and it runs before the owner"
                " changes: rights of the present owner would then go to the new one",
                "write it above this statement, or in a later release",
            )
        if _loses(other) == target.name.name:
            return (
                f"{other.source} drops, renames or moves {target.name}, or another object of"
                " that name, and it runs before the owner changes",
                "move this statement to a revision that is planned after this train is"
                " contracted",
            )
    return None


def _granted(action: Action, kind: str, snapshot: Snapshot) -> frozenset[Name]:
    """The objects of the kind on which it gives or takes rights."""
    said = rights.read(action)
    if said is None or said.kind != kind:
        return frozenset()
    with contextlib.suppress(LookupError):
        every = of_schema.of(said, snapshot, action.statement.settings)
        return frozenset(right.target.name for right in every)
    return frozenset()


def _loses(action: Action) -> str:
    """The name that it takes from an object."""
    match action.said:
        case DropObjects(objects=(words, *_)) | RenameObject(words=words, part=""):
            return words[-1] if words else ""
        case SetSchema(relation=None, words=words):
            return words[-1] if words else ""
        case SetSchema(relation=RelationName(name=name)):
            return name
    return ""
