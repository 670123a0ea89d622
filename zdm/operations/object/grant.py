"""GRANT and REVOKE on tables, views, sequences, schemas, routines and types.

Neither blocks reads or writes (manual, GRANT, REVOKE; measured 14, 18). A right more hurts no
version, so it is granted in EXPAND, and undo revokes what was not there before. A right
less may be one that the old version needs, so it is revoked in the contract. No Snapshot knows
what a running version connects as, so the plan says which role loses what.

Where a train revokes rights and grants some of them again, as in REVOKE ALL; GRANT SELECT, the
missing ones are granted in EXPAND, and all of the statements run in the contract, in one
transaction, so that no session meets the rights in between.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.acl import Granting
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import (
    BOTH,
    NEW_ONLY,
    Check,
    Irreversible,
    Phase,
    RunSql,
    Step,
    TableLock,
)
from zdm.model.schema import Snapshot
from zdm.model.statement import Action, ActionKind, Setting, Statement
from zdm.parse import emit
from zdm.parse.emit import Constant
from zdm.parse.objects import rights
from zdm.recipes import run_sql
from zdm.recipes.access import granted_again, privilege, taken_back
from zdm.recipes.access.granted_again import Given
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import rights as of_schema
from zdm.schema.rights import Right

SLUG = "grant"
_ANOTHER = "SELECT current_user <> {r}"


class Grant(Struct, frozen=True, kw_only=True):
    """Give or take `rights`, those that the schema does not have or has; `owned`: those that
    REVOKE would take of an owner alone."""

    said: Granting
    rights: tuple[Right, ...]
    unused: bool  # on tables and functions of this train alone
    statement: Statement
    locks: tuple[TableLock, ...]
    owned: tuple[Right, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        verb, to = ("revoke", "from") if self.said.revokes else ("grant", "to")
        if self.said.option:
            verb += " the right to grant"
        if not self.rights:
            return f"{verb} {to} {', '.join(self.said.roles)} what changes nothing"
        words = ", ".join(dict.fromkeys(r.privilege for r in self.rights))
        on = ", ".join(dict.fromkeys(_place(r) for r in self.rights))
        return f"{verb} {words} on {on} {to} {', '.join(self.said.roles)}"

    @property
    def late(self) -> bool:
        """Whether the old version may need what it takes."""
        return self.said.revokes and not self.unused

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Who loses what."""
        del context
        if not self.said.revokes or self.unused or not self.rights:
            return ()
        who = ", ".join(self.said.roles)
        return (
            Hazard(
                operation=SLUG,
                message=f"from the contract on, every session of {who} that needs these rights"
                " fails with 42501; the new version must do without them from its start",
                remedy="look in pg_stat_activity for what connects as that role, and in"
                " pg_stat_statements for what it does",
            ),
        )

    def choice(self, context: Context) -> Choice:
        """A right is taken when no version needs it."""
        del context
        if not self.rights and not self.owned:
            return choice.nothing("the rights are as the statement wants them")
        return choice.by_version(
            "run it as written, which blocks neither reads nor writes,",
            late=self.late,
            early="a right more, or one on what nothing uses yet, hurts no version",
            after="the old version may need the right",
        )

    def recipe(self, context: Context) -> tuple[RunSql, ...]:
        """The author's statement; none where nothing changes."""
        if not self.rights:
            return self._nothing(context) if self.owned else ()
        late = self.late
        return (
            run_sql.short_transaction(
                Owned(operation=SLUG, origin=context.origin),
                id=f"{_place(self.rights[0])}-{'revoke' if self.said.revokes else 'grant'}",
                phase=Phase.CONTRACT if late else Phase.EXPAND,
                title=self.title,
                sql=(self.statement.sql,),
                locks=self.locks,
                settings=self.statement.settings,
                preconditions=tuple(self.not_ours()) if self.said.revokes else (),
                probe=self._probe(),
                undo=self._undo(context.snapshot, late=late),
                serves=NEW_ONLY if late else BOTH,
                reason="No running version needs the right; it blocks neither reads nor writes."
                if late
                else "Rights are checked when a statement starts, so a right more disturbs"
                " none; it blocks neither reads nor writes.",
            ),
        )

    def _nothing(self, context: Context) -> tuple[RunSql, ...]:
        """REVOKE of what no list has, which takes something of an owner alone."""
        step = run_sql.short_transaction(
            Owned(operation=SLUG, origin=context.origin),
            id=f"{_place(self.owned[0])}-revoke",
            phase=Phase.CONTRACT,
            title=self.title,
            sql=(self.statement.sql,),
            locks=self.locks,
            settings=self.statement.settings,
            preconditions=privilege.no_owner(self.owned),
            probe=self._probe(),
            undo=(),
            serves=BOTH,
            reason="It takes nothing of a role that does not own the object; if one does, the"
            " run stops before.",
        )
        return (step,)

    def not_ours(self) -> list[Check]:
        """That the plan does not run as a role that loses rights."""
        named = [r for r in dict.fromkeys(self.said.roles) if r != rights.PUBLIC]
        return [
            Check(
                sql=emit.sql(_ANOTHER, r=Constant(role)),
                failure=f"this plan runs as {role}, which would lose rights that later steps"
                " need",
                hint="run the plan as the owner of the objects",
            )
            for role in named
        ]

    def _probe(self) -> str:
        if self.said.revokes:
            gone = [
                probes.absent(privilege.held(r, grantable=self.said.option))
                for r in self.rights or self.owned
            ]
            return probes.probe(probes.both(*gone))
        there = (privilege.held(r, grantable=self.said.option) for r in self.rights)
        return probes.probe(probes.both(*there))

    def _undo(self, snapshot: Snapshot, *, late: bool) -> tuple[str, ...] | Irreversible:
        if late:
            return Irreversible(
                reason="a rollback starts the old version first, and it may need the right"
            )
        if self.said.revokes:
            return ()
        return taken_back.undo(self.rights, snapshot, unused=self.unused)


class Exchange(Struct, frozen=True, kw_only=True):
    """Revoke rights, and grant some of them again: `parts` in the author's order. `lost` are
    the rights that are gone in the end, `options` those that can be granted no more."""

    parts: tuple[Grant, ...]
    lost: tuple[Right, ...]
    options: tuple[Right, ...]

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        if not self.lost and not self.options:
            return f"{self.parts[0].title}, and grant it all again"
        return f"{self._revoked.title}, and grant the rest again"

    @property
    def _revoked(self) -> Grant:
        """What is gone in the end."""
        first = self.parts[0]
        gone = self.lost or self.options
        said = replace(
            first.said,
            roles=tuple(dict.fromkeys(r.role for r in gone)) or first.said.roles,
            option=not self.lost,
        )
        return replace(first, said=said, rights=gone)

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Who loses what."""
        return self._revoked.hazards(context)

    def choice(self, context: Context) -> Choice:
        """What is lost is taken when no version needs it."""
        del context
        return choice.by_version(
            "grant what is missing, and run all of it in one transaction",
            late=bool(self.lost or self.options),
            early="in the end no right is lost",
            after="the old version may need what is lost in the end",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """What is missing early, and everything as written late, if anything is lost."""
        granted = [part for part in self.parts if not part.said.revokes]
        early = [
            replace(step, preconditions=privilege.no_owner(self.parts[0].owned))
            for part in granted
            for step in part.recipe(context)
        ]
        gone = [
            *(probes.absent(privilege.held(right)) for right in self.lost),
            *(probes.absent(privilege.held(r, grantable=True)) for r in self.options),
        ]
        if not gone:
            return tuple(early)
        late = run_sql.short_transaction(
            Owned(operation=SLUG, origin=context.origin),
            id=f"{_place((*self.lost, *self.options)[0])}-exchange",
            phase=Phase.CONTRACT,
            title=self.title,
            sql=tuple(part.statement.sql for part in self.parts),
            locks=tuple(sorted({lock for part in self.parts for lock in part.locks})),
            settings=self.parts[0].statement.settings,
            preconditions=tuple(self._revoked.not_ours()),
            probe=probes.probe(probes.both(*gone)),
            undo=Irreversible(
                reason="a rollback starts the old version first, and it may need the rights"
            ),
            serves=NEW_ONLY,
            reason="No running version needs what is revoked; one transaction, so no session"
            " meets the rights between two of these statements.",
        )
        return (*early, late)


def _place(right: Right) -> str:
    name = right.target.name
    at = str(name) if name.schema else name.name
    return f"{at}.{right.target.column}" if right.target.column else at


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """GRANT or REVOKE of rights on objects that the Snapshot has."""
    action = actions[0]
    if statements.fact(action, ActionKind.GRANT) is None:
        return None
    said = rights.read(action)
    if said is None:
        return None
    try:
        every = tuple(of_schema.of(said, snapshot, action.statement.settings))
    except LookupError as error:
        return None if snapshot.opaque else _unknown(action, str(error))
    except KeyError:
        return None
    problem = _problem(said)
    if problem is not None:
        return refuse.refuse(action, "grant_cannot_be_planned", *problem)
    operation = _grant(said, every, action, snapshot)
    if not said.revokes or operation.unused:
        return Match(operation=operation, consumed=(0,))
    return _exchanged(actions, operation, every, snapshot)


def _grant(said: Granting, every: Sequence[Right], action: Action, snapshot: Snapshot) -> Grant:
    takes = said.revokes and not said.option
    return Grant(
        said=said,
        rights=tuple(right for right in every if _changes(right, said)),
        unused=all(_is_new(right, snapshot) for right in every),
        statement=action.statement,
        locks=statements.of_author(snapshot, action),
        owned=tuple(r for r in every if takes and privilege.may_own(r)),
    )


def _exchanged(
    actions: Sequence[Action], first: Grant, every: Sequence[Right], snapshot: Snapshot
) -> Match | Refusal:
    """With those behind it that are about the same rights, up to the last GRANT."""
    met = granted_again.behind(actions, first.said, every, snapshot)
    if not met:
        return Match(operation=first, consumed=(0,))
    problem = _not_exchanged(actions, met, first.statement.settings)
    if problem is not None:
        return refuse.refuse(actions[0], "grant_cannot_be_planned", *problem)
    parts = (first, *(_grant(o.said, o.every or (), o.action, snapshot) for o in met))
    consumed = (0, *(one.position for one in met))
    lost, options = granted_again.left(tuple(actions[n] for n in consumed), snapshot)
    return Match(operation=Exchange(parts=parts, lost=lost, options=options), consumed=consumed)


def _not_exchanged(
    actions: Sequence[Action], met: Sequence[Given], settings: tuple[Setting, ...]
) -> tuple[str, str] | None:
    later = ", ".join(dict.fromkeys(str(one.action.source) for one in met))
    if any(one.action.statement.settings != settings for one in met):
        return (
            f"{later} is about the same rights, under other settings, and zdm runs both in one"
            " transaction",
            "write the schema before each name, and no SET between these statements",
        )
    odd = next((p for one in met if (p := _problem(one.said)) is not None), None)
    if odd is not None:
        return odd
    between = actions[1 : met[-1].position]
    others = [a for a in between if statements.fact(a, ActionKind.GRANT) is None]
    unknown = any(one.every is None or one.said.schemas for one in met)
    if others and unknown:
        return (
            f"{later} grants these rights again, maybe also on what statements between the two"
            " make",
            "put this statement directly above the one that grants, below all that makes"
            " objects",
        )
    return None


def _unknown(action: Action, name: str) -> Refusal:
    return refuse.refuse(
        action,
        "grant_cannot_be_planned",
        f"{name} is not in the schema, or there are several, so which object is meant is not"
        " known",
        "correct the name, or write the arguments of the function",
    )


def _problem(said: Granting) -> tuple[str, str] | None:
    if "" in said.roles:
        return (
            "CURRENT_USER and the like mean the role that runs the plan, which is not known"
            " yet",
            "write the name of the role",
        )
    if said.by_another:
        return (
            "GRANTED BY takes rights of another grantor than the owner, which zdm cannot undo",
            "remove GRANTED BY, so that the owner grants",
        )
    if said.revokes and said.cascade:
        return (
            "CASCADE also takes the rights that the role granted to others, unlisted",
            "revoke those by name above this statement, and remove CASCADE",
        )
    return None


def _changes(right: Right, said: Granting) -> bool:
    """Whether it gives a right that is missing, or takes one that is there."""
    held = right.target.held(right.role)
    if said.revokes:
        return held.get(right.privilege, False) if said.option else right.privilege in held
    return not held.get(right.privilege, False) if said.option else right.privilege not in held


def _is_new(right: Right, snapshot: Snapshot) -> bool:
    target = right.target
    made = [f for f in snapshot.functions if target.kind == "routine" and f.name == target.name]
    if made:
        return all(function.created for function in made)
    table = snapshot.table(target.name)
    return table is not None and table.created
