"""Policies and row security of a table in use.

Each takes ACCESS EXCLUSIVE for milliseconds (manual, CREATE POLICY, ALTER TABLE; measured
14, 18). A permissive policy more hides no row, so it is created in EXPAND. Whatever may hide
rows from a version, or show it those of others, waits for the contract: a restrictive policy,
another condition, one policy less, ENABLE, FORCE, DISABLE. ENABLE without a policy hides every
row.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.commands import AlterTable, Change, Work, WorkOn
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Irreversible, Phase, Step
from zdm.model.schema import Name, Policy, Snapshot, Table
from zdm.model.statement import Action, Fact, Setting
from zdm.model.syntax import DropObjects
from zdm.parse import emit
from zdm.parse.emit import Constant, Ident, Qualified
from zdm.parse.objects import policies, settings
from zdm.recipes import run_sql, site
from zdm.recipes.access import policy_needs
from zdm.recipes.reading import refuse, statements
from zdm.recipes.sql import probes
from zdm.schema import lookup

SLUG = "change_policy"
_POLICY = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_policy AS p"
    " WHERE p.polrelid = pg_catalog.to_regclass({t}) AND p.polname = {p})"
)
_SECURED = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS c"
    " WHERE c.oid = pg_catalog.to_regclass({t}) AND {flag})"
)
_FLAGS = {
    "enable": "c.relrowsecurity",
    "disable": "NOT c.relrowsecurity",
    "force": "c.relforcerowsecurity",
    "no force": "NOT c.relforcerowsecurity",
}
_HIDES = (
    "from the contract on, {what} may hide rows from the new version, or refuse those that it"
    " writes (42501); and until then it does not"
)
_EARLY = (
    "from the expand on, the old version sees and may change the rows of {table} that policy"
    " {name} permits, too"
)
_FAILS = (
    "from the expand on, each query of {table} runs the expressions of policy {name}, too: an"
    " error in them fails it, for both versions"
)
_SHOWS = (
    "until the contract the policies stay in force for the new version; from then on it sees"
    " the rows of all, unless its queries leave them out"
)


class ChangePolicy(Struct, frozen=True, kw_only=True):
    """`verb`: create, alter, drop, replace; or enable, disable, force, no force. `policy` is
    the present one, None where there is none; `missing`: there is nothing to change; `seen`:
    the database shows whether it is done."""

    table: Name
    verb: str
    name: str
    early: bool  # in EXPAND
    policy: Policy | None
    sql: tuple[str, ...]
    settings: tuple[Setting, ...]
    missing: bool = False
    seen: bool = True
    partial: bool = False  # an expression of it may fail

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        if self.verb in _FLAGS:
            ending = " (it is so already)" if self.missing else ""
            return f"{self.verb} row security of {self.table}{ending}"
        ending = " (does not exist)" if self.missing else ""
        return f"{self.verb} policy {self.name} of {self.table}{ending}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What the new version sees, and when."""
        table = context.snapshot.require_table(self.table)
        lines = self._risks(table)
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def _risks(self, table: Table) -> Iterator[tuple[str, str]]:
        if self.missing:
            return
        if self.early:
            if table.row_security and not table.secured:
                yield (
                    _EARLY.format(table=table.name, name=self.name),
                    "if that matters, let the old version's queries leave them out",
                )
                if self.partial:
                    yield (
                        _FAILS.format(table=table.name, name=self.name),
                        "make them accept every row and every session, for example with CASE",
                    )
            return
        if self.verb in ("disable", "no force"):
            yield _SHOWS, "let the new version work with and without them"
            return
        what = "row security" if self.verb in _FLAGS else f"the change of policy {self.name}"
        yield (
            _HIDES.format(what=what),
            "let the new version work with and without it: have it set what the policies read",
        )

    def choice(self, context: Context) -> Choice:
        """What may hide rows waits."""
        del context
        if self.missing and self.verb in _FLAGS:
            return choice.nothing("row security of the table is so already")
        if self.missing:
            return choice.nothing("there is no such policy, and the statement says IF EXISTS")
        return choice.by_version(
            "change the catalog alone",
            late=not self.early,
            early="a permissive policy more hides no row",
            after="a version could see other rows than before",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step."""
        if self.missing:
            return ()
        place = site.at(SLUG, context.snapshot.require_table(self.table), context)
        return (
            run_sql.short_transaction(
                place,
                id=place.id(self.name or "row-security", self.verb.replace(" ", "-")),
                phase=self._phase,
                title=self.title,
                sql=self.sql,
                locks=place.lock(LockMode.ACCESS_EXCLUSIVE),
                settings=self.settings,
                probe=self._probe(),
                undo=self._undo(place.table),
                serves=BOTH if self.early else NEW_ONLY,
                reason="Permissive policies are joined by OR, so one more hides no row."
                if self.early
                else "No instance is left that sees other rows than before.",
            ),
        )

    @property
    def _phase(self) -> Phase:
        """FORCE is the last step of all: the owner, who runs the plan, sees no rows from then
        on; and NO FORCE stays in the author's order with it."""
        if self.verb in ("force", "no force"):
            return Phase.DROP
        return Phase.EXPAND if self.early else Phase.CONTRACT

    def _probe(self) -> str:
        if not self.seen:
            return ""  # only the journal shows it; a second time it changes nothing
        if self.verb in _FLAGS:
            query = _SECURED.replace("{flag}", _FLAGS[self.verb])
            return probes.probe(emit.sql(query, t=Constant(self.table.sql)))
        there = emit.sql(_POLICY, t=Constant(self.table.sql), p=Constant(self.name))
        match self.verb:
            case "create":
                return probes.probe(there)
            case "drop":
                return probes.probe(probes.absent(there))
        return ""

    def _undo(self, table: Table) -> tuple[str, ...] | Irreversible:
        if self.verb in _FLAGS or (table.row_security and not self.early):
            return Irreversible(
                reason="a rollback starts the old version first, and it would not see the rows"
                " that it saw before"
            )
        gone = emit.sql(
            "DROP POLICY IF EXISTS {p} ON {t}", p=Ident(self.name), t=Qualified(self.table)
        )
        return (gone,) if self.policy is None else (gone, self.policy.definition)


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """CREATE, ALTER, DROP POLICY and ROW LEVEL SECURITY of a table in use."""
    action, said = actions[0], actions[0].said
    if not isinstance(action.fact, Fact) or action.fact.table is None:
        return None
    table = lookup.table_of(snapshot, action)
    match said:
        case WorkOn(work=Work.POLICY):
            verb, name = (
                "create" if policies.creates(action) else "alter",
                policies.name(action),
            )
        case DropObjects(kind="policy"):
            verb, name = "drop", action.fact.name
        case AlterTable(change=Change.ROW_SECURITY):
            verb, name = policies.security(action), ""
        case _:
            return None
    if table is None:
        return statements.unknown_table(action, action.fact.table)
    if verb in _FLAGS:
        return _of_table(actions, table, verb)
    return _of_policy(actions, table, verb, name, snapshot)


def _of_table(actions: Sequence[Action], table: Table, verb: str) -> Match | Refusal:
    action = actions[0]
    shown = any(policies.permits(p.definition) for p in table.policies) or any(
        map(_comes_early, actions[1:])
    )
    if verb == "enable" and not shown and not table.row_security:
        return refuse.refuse(
            action,
            "row_security_hides_all",
            f"{table.name} has no permissive policy, so with row security every row would be"
            " hidden from every role but the owner",
            "create a policy in this migration, without AS RESTRICTIVE",
        )
    secured = bool(table.row_security)
    interrupted = _interrupted(actions, table) if verb == "disable" and secured else None
    if interrupted is not None:
        return interrupted
    done = {
        "enable": secured,
        "disable": not secured,
        "force": table.row_security == "forced",
        "no force": secured and table.row_security != "forced",
    }
    operation = ChangePolicy(
        table=table.name,
        verb=verb,
        name="",
        early=False,
        policy=None,
        sql=(settings.written(settings.of(action), table.name),),
        settings=action.statement.settings,
        missing=done[verb],
        # whether a table without row security would force it, no Snapshot says
        seen=secured or verb in ("enable", "disable"),
    )
    return Match(operation=operation, consumed=(0,))


def _interrupted(actions: Sequence[Action], table: Table) -> Refusal | None:
    for other in actions[1:]:
        if policies.security(other) == "enable":
            return refuse.refuse(
                actions[0],
                "row_security_interrupted",
                f"{other.source} enables row security of {table.name} again, and between the"
                " two, which are steps of their own, every role would see every row",
                "remove both: policies can be created and dropped while it is enabled",
            )
        if _comes_early(other):
            return refuse.refuse(
                actions[0],
                "row_security_interrupted",
                f"row security of {table.name} stays enabled until the contract, and"
                f" {other.source} creates a policy before it, which would be in force",
                "write it above this statement, if it may be in force until then",
            )
    return None


def _comes_early(action: Action) -> bool:
    """Whether it makes a policy that is there before row security, which waits for the
    contract."""
    said = action.said
    makes = isinstance(said, WorkOn) and said.work is Work.POLICY and policies.creates(action)
    return makes and policies.is_permissive(action) and not action.statement.vouched


def _of_policy(
    actions: Sequence[Action], table: Table, verb: str, name: str, snapshot: Snapshot
) -> Match | Refusal | None:
    action = actions[0]
    policy = next((p for p in table.policies if p.name == name), None)
    problem = _problem(action, table, verb, name)
    if problem is not None:
        return refuse.refuse(action, "policy_cannot_be_changed", *problem)
    early = verb == "create" and policies.is_permissive(action)
    needs = _needs(action, table, snapshot) if early else ()
    if needs:
        return refuse.refuse(
            action,
            "policy_would_fail",
            f"{table.name} has row security, so from the expand on policy {name} would run in"
            f" the queries of both versions: {'; '.join(fact for fact, _ in needs)}",
            "; ".join(dict.fromkeys(remedy for _, remedy in needs)),
        )
    again = _again(actions, name) if verb == "drop" and policy is not None else None
    shown = any(map(_comes_early, actions[1:]))
    last = policy is not None and verb == "drop" and _is_last(table, policy)
    if again is None and last and not shown:
        return refuse.refuse(
            action,
            "row_security_hides_all",
            f"without policy {name} row security hides every row of {table.name} from every"
            " role but the owner",
            "create another policy, or write DISABLE ROW LEVEL SECURITY, above this statement",
        )
    made = (action,) if again is None else (action, actions[again])
    operation = ChangePolicy(
        table=table.name,
        verb=verb if again is None else "replace",
        name=name,
        early=early,
        policy=policy,
        sql=tuple(a.statement.sql for a in made),
        settings=action.statement.settings,
        missing=policy is None and verb == "drop",
        partial=early and policies.reading(action).partial,
    )
    return Match(operation=operation, consumed=(0,) if again is None else (0, again))


def _needs(action: Action, table: Table, snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """Why queries would fail with the policy; before row security is enabled none runs it."""
    if not table.row_security or table.secured:
        return ()
    return tuple(policy_needs.problems(action, table, snapshot))


def _again(actions: Sequence[Action], name: str) -> int | None:
    """Where the train makes a policy of that name again."""
    for position, other in enumerate(actions[1:], 1):
        said = other.said
        if (
            isinstance(said, WorkOn)
            and said.work is Work.POLICY
            and policies.name(other) == name
        ):
            makes = policies.creates(other) and not other.statement.vouched
            same = other.statement.settings == actions[0].statement.settings
            return position if makes and same else None
    return None


def _is_last(table: Table, policy: Policy) -> bool:
    """Whether row security would hide every row without it."""
    left = [p for p in table.policies if p is not policy and policies.permits(p.definition)]
    return bool(table.row_security) and not left and policies.permits(policy.definition)


def _problem(action: Action, table: Table, verb: str, name: str) -> tuple[str, str] | None:
    there = any(p.name == name for p in table.policies)
    said = action.said
    optional = isinstance(said, DropObjects) and said.if_exists
    if verb == "create" and there:
        return (
            f"{table.name} has a policy {name} already, so this statement would fail",
            "give it a name that is free",
        )
    if verb != "create" and not there and not optional:
        return (
            f"{table.name} has no policy {name}, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    return None
