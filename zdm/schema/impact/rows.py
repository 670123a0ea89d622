"""SELECT, INSERT, UPDATE, DELETE, COPY, TRUNCATE and LOCK."""

from collections.abc import Iterable, Iterator

from zdm.model import impact
from zdm.model.commands import Work, WorkOn
from zdm.model.expression import Call, Constant, Expression
from zdm.model.impact import UNKNOWN, YES, Impact, Touch
from zdm.model.locks import LockMode
from zdm.model.schema import Name, Table
from zdm.model.statement import Action
from zdm.model.syntax import Insert, Read, RelationName, Update
from zdm.parse import expressions, mentioned, names
from zdm.schema.impact import calls, cascades
from zdm.schema.impact.cascades import Changed
from zdm.schema.impact.place import (
    AE,
    AS,
    NOT_IN_SCHEMA,
    RS,
    RX,
    Place,
    each,
    is_enforced,
    on,
    touch,
)

_SEQUENCE_FUNCTIONS = frozenset({"nextval", "setval"})
_BY_TRIGGER = "a trigger of {} runs {}, which may lock more"


def reads(relations: Iterable[RelationName], place: Place, lock: LockMode = AS) -> list[Touch]:
    """The relations that a query names, and what their views read; how much is not known."""
    touches = []
    for relation in relations:
        name = place.name(relation)
        if place.snapshot.table(name) is None and place.view(name) is None:
            continue  # a name of a WITH clause, or one of the catalog's
        for behind in place.behind(name):
            table = place.snapshot.table(behind)
            family = [Touch(relation=behind, lock=lock)] if table is None else [
                touch(t, lock, scans=UNKNOWN) for t in place.family(table)
            ]  # fmt: skip
            touches += family
    return touches


def named(relations: Iterable[RelationName], place: Place, lock: LockMode = AS) -> list[Touch]:
    """The relations that a query names which is kept, not run."""
    known = map(place.name, relations)
    return on([n for n in known if place.snapshot.table(n) or place.view(n)], lock)


def select(said: Read, action: Action, place: Place) -> Impact:
    """SELECT."""
    touches = reads(mentioned.reads(action), place, RS if said.locking else AS)
    touches += on(_sequences(said.query, place), RX)
    if said.writes:
        return impact.of(touches, unknown="a WITH clause of it changes rows")
    return impact.of(touches, unknown=calls.unknown(action, place.snapshot))


def _sequences(query: Expression, place: Place) -> Iterator[Name]:
    """The sequences that calls of nextval and setval name by a constant."""
    for call in expressions.calls(query):
        argument = _sequence_argument(call)
        if argument is not None:
            named = names.qualified(argument)
            yield place.name(RelationName(schema=named.schema, name=named.name))


def _sequence_argument(call: Call) -> str | None:
    if call.function[-1] not in _SEQUENCE_FUNCTIONS or not call.arguments:
        return None
    form = expressions.form(expressions.without_cast(call.arguments[0]))
    return form.value if isinstance(form, Constant) else None


def insert(said: Insert, action: Action, place: Place) -> Impact:
    """INSERT."""
    table = place.table(said.table)
    if table is None:
        return _not_there(said.table, RX, place)
    given = frozenset(said.columns or (c.name for c in table.columns))
    filled = given | {c.name for c in table.columns if c.default is not None}
    touches = each(place.family(table), RX) + _parents(table, filled, place)
    if said.on_conflict == "update":
        touches += _referencing(table, place, _every(table))
    left = frozenset() if not said.columns else given
    touches += on(_used_sequences(table, left, place), RX)
    touches += reads(mentioned.reads(action), place)
    return impact.of(touches, unknown=_triggers(table, "INSERT", place))


def _used_sequences(table: Table, given: frozenset[str], place: Place) -> Iterator[Name]:
    """The sequences of columns that are left to their defaults."""
    for sequence in place.sequences(table):
        if sequence.identity and sequence.owner_column not in given:
            yield sequence.name
    for column in table.columns:
        if column.name not in given and "nextval" in (column.default or ""):
            yield from _sequences(expressions.read(column.default or ""), place)


def update(said: Update, action: Action, place: Place) -> Impact:
    """UPDATE."""
    table = place.table(said.table)
    if table is None:
        return _not_there(said.table, RX, place)
    scans = YES if said.where is None and said.plain else UNKNOWN
    changed = frozenset(a.column for a in said.assignments)
    touches = [touch(t, RX, scans=scans) for t in place.family(table, only=said.table.only)]
    touches += _parents(table, changed, place)
    touches += _referencing(table, place, changed)
    touches += reads(mentioned.reads(action), place)
    return impact.of(touches, unknown=_triggers(table, "UPDATE", place))


def _parents(table: Table, changed: frozenset[str] | None, place: Place) -> list[Touch]:
    """Tables whose rows are locked to keep a foreign key true."""
    keys = [k for k in place.foreign_keys(table) if changed is None or changed & set(k.columns)]
    return on([k.references for k in keys if k.references and is_enforced(k)], RS)


def _referencing(table: Table, place: Place, changed: Changed = None) -> list[Touch]:
    """Tables with a foreign key to it: looked through, or changed by ON DELETE, ON UPDATE, and
    those with a foreign key to these."""
    touches = []
    for one in cascades.reached(table, place.snapshot, changed):
        lock = RX if one.action else RS
        touches += [touch(t, lock, scans=UNKNOWN) for t in place.family(one.table)]
        if one.action and one.changed is not None:
            touches += _parents(one.table, one.changed, place)
    return touches


def _every(table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.columns)


def _triggers(table: Table, event: str, place: Place) -> str:
    """Triggers run code that may lock anything."""
    enabled = (t for one in place.family(table) for t in one.triggers if t.enabled != "D")
    found = [
        t for t in enabled if event in t.definition.partition(" ON ")[0] or not t.definition
    ]
    if not found:
        return ""
    functions = dict.fromkeys(str(t.function) for t in found)
    return _BY_TRIGGER.format(table.name, ", ".join(functions))


def _not_there(relation: RelationName, lock: LockMode, place: Place) -> Impact:
    name = place.name(relation)
    return impact.of(on(place.behind(name), lock), unknown=NOT_IN_SCHEMA.format(name))


def of_rows(said: WorkOn, action: Action, place: Place) -> Impact:
    """DELETE and MERGE."""
    (relation, *_) = said.relations
    table = place.table(relation)
    if table is None:
        return _not_there(relation, RX, place)
    scans = YES if said.all_rows and said.work is Work.DELETE else UNKNOWN
    touches = [touch(t, RX, scans=scans) for t in place.family(table, only=relation.only)]
    touches += _referencing(table, place)
    if said.work is Work.MERGE:
        touches += _referencing(table, place, _every(table))
        touches += _parents(table, None, place)
        touches += on(_used_sequences(table, frozenset(), place), RX)
    touches += reads(mentioned.reads(action), place)
    event = "DELETE" if said.work is Work.DELETE else ""
    return impact.of(touches, unknown=_triggers(table, event, place))


def copy(said: WorkOn, place: Place) -> Impact:
    """COPY."""
    if said.work is Work.COPY_OUT:
        return impact.of(reads((*said.relations, *said.reads), place))
    (relation, *_) = said.relations
    table = place.table(relation)
    if table is None:
        return _not_there(relation, RX, place)
    touches = each(place.family(table), RX) + _parents(table, None, place)
    touches += on(_used_sequences(table, frozenset(), place), RX)
    return impact.of(touches, unknown=_triggers(table, "INSERT", place))


def truncate(said: WorkOn, place: Place) -> Impact:
    """TRUNCATE; with CASCADE every table that refers to it, at all depths."""
    found: list[Table] = []
    missing = []
    for relation in said.relations:
        table = place.table(relation)
        if table is None:
            missing.append(place.name(relation))
        else:
            found += place.family(table, only=relation.only)
    for table in found:
        if said.cascade:
            hit = [one for t, _ in place.referencing(table) for one in place.family(t)]
            found += [t for t in dict.fromkeys(hit) if t not in found]
    touches = each(found, AE) + on(missing, AE)
    if said.restart:
        touches += on([s.name for t in found for s in place.sequences(t)], AE)
    unknown = NOT_IN_SCHEMA.format(missing[0]) if missing else ""
    return impact.of(touches, unknown=unknown)


def lock(said: WorkOn, place: Place) -> Impact:
    """LOCK TABLE."""
    mode, touches = LockMode(said.mode), list[Touch]()
    for relation in said.relations:
        for name in place.behind(place.name(relation)):
            table = place.snapshot.table(name)
            if table is None:
                touches += on([name], mode)
            else:
                touches += each(place.family(table, only=relation.only), mode)
    return impact.of(touches)
