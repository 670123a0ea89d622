"""A train of Actions becomes Operations, each on the Snapshot that the ones before it leave.

Every recogniser of `operations.ALL` is asked in turn with the Actions not yet consumed, the
first of them first; the first Match wins. What no recogniser matches is refused, and so is what
would lose writes if it were planned piece by piece. All Findings are collected: one is enough
to refuse the whole train.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.findings import Finding, Severity
from zdm.model.operation import Context, Match, Operation, Recogniser, Refusal
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import (
    Action,
    ActionKind,
    Directive,
    Fact,
    Source,
    Statement,
    Train,
    Unknown,
)
from zdm.operations import ALL
from zdm.parse import facts
from zdm.parse.readers import authority, command_names
from zdm.planning import (
    conflicts,
    guarded,
    inline,
    left_out,
    needs,
    repeated_defaults,
    several,
    unrestorable,
    validated_later,
    widths,
)
from zdm.planning.waiting import Waiting
from zdm.recipes.access import unplanned as whole
from zdm.recipes.constraint import exclusion
from zdm.recipes.object import renamed
from zdm.recipes.reading import effects, refuse, truncates, updates
from zdm.recipes.type import unplanned_types
from zdm.schema import apply, edits, type_names
from zdm.schema.effects import drops


class Placed(Struct, frozen=True, kw_only=True):
    """An Operation, the Actions it consumed, and the schema it meets."""

    operation: Operation
    actions: tuple[Action, ...]
    context: Context
    directives: tuple[Directive, ...] = ()  # those it makes use of


class Classification(Struct, frozen=True, kw_only=True):
    """What the train means; refused when there is a Finding of severity error."""

    placed: tuple[Placed, ...]
    findings: tuple[Finding, ...]
    after: Snapshot  # the schema that the author's statements leave
    notes: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()  # in order, those of DO blocks among them

    @property
    def refused(self) -> tuple[Finding, ...]:
        """The Findings for which the train cannot be planned."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)


def classify(train: Train, snapshot: Snapshot, *, fuse: bool = True) -> Classification:
    """Classify the whole train. Without `fuse` each Action is taken by itself, which loses
    writes where an add, a fill and a drop mean a rename: for tests only."""
    every = actions(train, snapshot)
    too_wide = tuple(widths.find(every, snapshot))
    if too_wide:  # on tables that cannot be, nothing else is worth a word
        return Classification(placed=(), findings=too_wide, after=snapshot)
    without = {id(action) for action in left_out.find(every, snapshot)}
    left = [action for action in every if id(action) not in without]
    left = validated_later.moved(left, snapshot) if fuse else left
    notes = tuple(note for a in every if id(a) in without for note in left_out.note(a))
    notes += tuple(guarded.idle(train.statements, every))
    placed, findings, after = _place(left, snapshot, fuse=fuse)
    placed = tuple(replace(p, context=replace(p.context, end=after)) for p in placed)
    owner = {id(action): n for n, place in enumerate(placed) for action in place.actions}
    extra = [*_directives(train, left, placed)]
    if fuse:
        extra += conflicts.find(left, owner, snapshot)
        extra += unrestorable.find(left, owner, snapshot)
        extra += repeated_defaults.find(left, owner, snapshot)
    ordered = sorted([*findings, *extra], key=_place_of)
    return Classification(
        placed=placed,
        findings=tuple(ordered),
        after=after,
        notes=notes,
        statements=tuple(dict.fromkeys(action.statement for action in every)),
    )


def actions(train: Train, snapshot: Snapshot) -> tuple[Action, ...]:
    """All Actions; a name without schema is the first of the search_path that is there."""
    every = _actions(train, snapshot, frozenset())
    filled = inline.filled(every, snapshot)
    return _actions(train, snapshot, filled) if filled else every


def _actions(train: Train, snapshot: Snapshot, filled: inline.Filled) -> tuple[Action, ...]:
    known = {t.name for t in snapshot.tables} | {v.name for v in snapshot.views}
    schemas = set(snapshot.schemas)
    found: list[Action] = []
    for statement in _run(authority.as_its_role(train.statements, snapshot), found, snapshot):
        whole = type_names.path(snapshot, statement.settings)
        path = tuple(schema for schema in whole if schema in schemas) or whole
        read = _read(statement, path, known)
        each = [one for action in read for one in several.split(action, path, snapshot)]
        found += [
            one
            for action in each
            for one in inline.split(action, path, snapshot, found, filled)
        ]
        known |= {n for a in read if _kind(a) is ActionKind.CREATE_TABLE and (n := _table(a))}
        schemas |= {
            a.fact.name
            for a in read
            if isinstance(a.fact, Fact) and a.fact.kind is ActionKind.CREATE_SCHEMA
        }
    return tuple(found)


def _run(
    statements: Iterable[Statement], before: Sequence[Action], start: Snapshot
) -> Iterator[Statement]:
    """Those of DO blocks that only ask what is there, and all others; `before` grows."""
    for statement in statements:
        inner = guarded.inner(statement, lambda: reduce(apply.apply, before, start))
        yield from (statement,) if inner is None else inner


def _read(statement: Statement, path: tuple[str, ...], known: set[Name]) -> tuple[Action, ...]:
    """The statement's Actions, by the first schema that holds what it names."""
    read = facts.actions(statement, path)
    for place in range(len(path)):
        tried = facts.actions(statement, path[place:]) if place else read
        if any(_table(action) in known for action in tried):
            return tried
    return read


def _place(
    actions: Sequence[Action], snapshot: Snapshot, *, fuse: bool
) -> tuple[tuple[Placed, ...], tuple[Finding, ...], Snapshot]:
    placed: list[Placed] = []
    findings: list[Finding] = []
    waiting = Waiting(actions)
    while together := waiting.first():
        asked = _until_directed(together) if fuse else together[:1]
        answer = _ask(asked, snapshot)
        needless = _needless(asked, snapshot)
        if needless is not None:
            findings.append(needless)
        taken = waiting.take(together, answer.consumed)
        if isinstance(answer, Refusal):
            findings.append(_hidden(taken[0], snapshot) or answer.finding)
        else:
            origin = tuple(dict.fromkeys(action.source for action in taken))
            placed.append(
                Placed(
                    operation=answer.operation,
                    actions=taken,
                    context=Context(snapshot=snapshot, origin=origin),
                    directives=answer.directives,
                )
            )
        snapshot = reduce(apply.apply, taken, snapshot)
        if isinstance(answer, Refusal):
            snapshot = reduce(drops.as_meant, taken, snapshot)
        if isinstance(answer, Match):
            snapshot = reduce(edits.keep_filled, answer.kept_filled, snapshot)
            snapshot = reduce(edits.put_type, answer.types, snapshot)
            snapshot = reduce(edits.leave_unwritten, answer.unwritten, snapshot)
        snapshot = reduce(edits.write, _written(taken), snapshot)
        if isinstance(answer, Match):
            snapshot = reduce(edits.write_again, answer.again, snapshot)
    return tuple(placed), tuple(findings), snapshot


def _written(actions: Sequence[Action]) -> Iterator[tuple[Name, str]]:
    """The columns that an UPDATE sets, also in rows of the old version."""
    for action in actions:
        update = updates.read(action)
        if update is not None:
            yield from ((update.table, column) for column, _ in update.assignments)


def _ask(
    actions: Sequence[Action], snapshot: Snapshot, recognisers: Sequence[Recogniser] = ALL
) -> Match | Refusal:
    """The first Match or Refusal."""
    for recognise in recognisers:
        answer = recognise(actions, snapshot)
        if answer is not None:
            return answer
    return Refusal(finding=_unknown(actions[0], snapshot))


def _until_directed(actions: Sequence[Action]) -> Sequence[Action]:
    """A later statement that runs as written belongs to no other change."""
    first = actions[0].statement
    for position, action in enumerate(actions):
        if action.statement is not first and action.statement.vouched:
            return actions[:position]
    return actions


def _needless(actions: Sequence[Action], snapshot: Snapshot) -> Finding | None:
    """That a statement which runs as written could be planned."""
    first = actions[0]
    directives = first.statement.vouched
    if not directives:
        return None
    answer = _ask(actions, snapshot, ALL[1:])
    if isinstance(answer, Refusal) or set(directives) <= set(answer.directives):
        return None
    return Finding(
        slug="run_as_written",
        severity=Severity.WARN,
        message=f"this runs as written, although zdm can plan it (`{answer.operation.title}`):"
        " without the directive it would get steps that zdm checks and can undo",
        remedy="",
        source=first.source,
        statement=first.statement.sql,
    )


def _unknown(action: Action, snapshot: Snapshot) -> Finding:
    merges = effects.merge(action, snapshot)
    if merges is not None:
        return refuse.finding(action, "merge_cannot_be_planned", *merges)
    unplanned = unplanned_types.problem(action, snapshot) or whole.problem(action, snapshot)
    if unplanned is not None:
        return refuse.finding(action, "object_not_changed", *unplanned)
    asks = guarded.problem(action.statement)
    unread = guarded.unread(action.statement)
    match action.fact:
        case Unknown() if asks is not None:
            return refuse.finding(action, "unknown_statement", *asks)
        case Unknown(reason=reason):
            because = f"a DO block: it {unread}" if unread else reason
            return refuse.finding(
                action,
                "unknown_statement",
                f"this statement cannot be read with certainty ({because}), so its effect is"
                " unknown",
                _REWRITE,
            )
        case Fact() as fact:
            missing = _missing(action, snapshot)
            if missing is not None:
                return refuse.finding(action, "unknown_name", *missing)
            return _unplanned(action, fact, snapshot)


def _unplanned(action: Action, fact: Fact, snapshot: Snapshot) -> Finding:
    """What is read with certainty, and has no plan."""
    excludes = exclusion.problem(action, snapshot)
    if excludes is not None:
        return refuse.finding(action, "exclusion_cannot_be_added", *excludes)
    renames = renamed.breaking(action)
    if renames is not None:
        return refuse.finding(action, "rename_breaks", *renames)
    listed = several.problem(action)
    if listed is not None:
        return refuse.finding(action, "several_indexes", *listed)
    empties = truncates.problem(action, snapshot)
    if empties is not None:
        return refuse.finding(action, "truncate_of_rows", *empties)
    writes = effects.may_write(action, snapshot)
    if writes is not None:
        return refuse.finding(action, "select_may_write", *writes)
    return refuse.finding(
        action,
        "no_operation",
        f"zdm has no safe plan for this statement yet ({_what(action, fact)})",
        _REWRITE,
    )


def _what(action: Action, fact: Fact) -> str:
    """Its kind, or its first two words where zdm knows no more of it."""
    if fact.kind is not ActionKind.OTHER:
        return fact.kind.value
    return command_names.first_words(action.statement.sql)


def _hidden(action: Action, snapshot: Snapshot) -> Finding | None:
    """That nothing is missing for certain after a statement whose effect is not known."""
    found = needs.hidden(action, snapshot)
    if found is None:
        return None
    key, place = found
    return refuse.finding(
        action,
        "unknown_after",
        f"whether {key} exists is unknown after {place}, whose effect zdm cannot see",
        conflicts.NEXT_TRAIN,
    )


_REWRITE = (
    "rewrite it as changes that zdm supports, or, if you know that both application versions"
    " work with it, put `-- zdm: run in expand -- reason` above it (`run in contract` if only"
    " the new version does)"
)
_OF_COLUMNS = frozenset(
    {
        ActionKind.DROP_COLUMN,
        ActionKind.RENAME_COLUMN,
        ActionKind.CHANGE_TYPE,
        ActionKind.SET_DEFAULT,
        ActionKind.DROP_DEFAULT,
        ActionKind.SET_NOT_NULL,
        ActionKind.DROP_NOT_NULL,
    }
)
_OF_TABLES = _OF_COLUMNS | {
    ActionKind.ADD_COLUMN,
    ActionKind.ADD_CONSTRAINT,
    ActionKind.CREATE_INDEX,
    ActionKind.UPDATE,
}


def _missing(action: Action, snapshot: Snapshot) -> tuple[str, str] | None:
    """What the statement names and the schema before it does not have."""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.table is None or fact.kind not in _OF_TABLES:
        return None
    remedy = "check the name, the search_path, and that the plan starts from the right schema"
    table = snapshot.table(fact.table)
    if table is None and any(view.name == fact.table for view in snapshot.views):
        return None
    if table is None:
        return f"there is no table {fact.table} in the schema at this statement", remedy
    if fact.kind in _OF_COLUMNS and table.column(fact.name) is None:
        return f"{fact.table} has no column {fact.name} at this statement", remedy
    return None


def _directives(
    train: Train, actions: Sequence[Action], placed: tuple[Placed, ...]
) -> Iterator[Finding]:
    """Directives that change nothing are refused, except on statements that are, and on those
    of a table that this train makes, where any change is simple."""
    used = {directive for place in placed for directive in place.directives}
    planned = {
        id(action.statement)
        for place in placed
        for action in place.actions
        if not _of_new_table(action, place.context.snapshot)
    }
    refused = {id(action.statement) for action in actions} - planned
    for statement in train.statements:
        for directive in statement.directives:
            if directive not in used and id(statement) not in refused:
                words = f"{directive.kind.value} {directive.argument}".strip()
                yield Finding(
                    slug="unused_directive",
                    severity=Severity.ERROR,
                    message=f"the directive `{words}` has no effect on this statement",
                    remedy="remove the directive, or put it above the statement it is meant"
                    " for",
                    source=directive.source,
                    statement=statement.sql,
                )


def _of_new_table(action: Action, snapshot: Snapshot) -> bool:
    name = _table(action)
    table = None if name is None else snapshot.table(name)
    return table is not None and table.created


def _kind(action: Action) -> ActionKind | None:
    return action.fact.kind if isinstance(action.fact, Fact) else None


def _table(action: Action) -> Name | None:
    return action.fact.table if isinstance(action.fact, Fact) else None


def _place_of(finding: Finding) -> tuple[bool, Source]:
    nowhere = Source(file="", line=0, column=0)
    return (finding.source is None, finding.source or nowhere)
