"""CREATE, DROP, RENAME, SET SCHEMA and COMMENT of tables and of other objects."""

from collections.abc import Callable, Iterator, Mapping

from zdm.model import impact
from zdm.model.commands import AlterDomain, AlterSequence, SetSchema
from zdm.model.expression import Words
from zdm.model.impact import UNKNOWN, YES, Answer, Impact, Touch
from zdm.model.schema import Index, Name, Table
from zdm.model.statement import Action, Fact
from zdm.model.syntax import (
    CommentOn,
    CreateObject,
    CreateTable,
    CreateTableAs,
    CreateTrigger,
    DropObjects,
    IndexDefinition,
    RenameObject,
)
from zdm.parse import mentioned
from zdm.parse.objects import statistics
from zdm.schema import lookup, type_names
from zdm.schema.impact import partitions, rows
from zdm.schema.impact.place import (
    AE,
    AS,
    NOT_IN_SCHEMA,
    RX,
    SRE,
    SUE,
    Place,
    S,
    each,
    is_enforced,
    on,
    touch,
)

_CASCADE = "CASCADE drops what depends on {}, and not all of that is in the schema"
_EXTENSION = "an extension's script may lock anything"


def create_table(said: CreateTable, place: Place) -> Impact:
    """CREATE TABLE: only tables that exist are locked."""
    made = lookup.made(said.table, place.snapshot, place.settings)
    if place.snapshot.table(made) is not None:
        return impact.of(())  # IF NOT EXISTS, or an error
    touches = []
    for relation in said.referenced:
        parent = place.table(relation)
        touches += each(place.family(parent), SRE) if parent is not None else []
    touches += on([place.name(like.relation) for like in said.likes], AS)
    found = impact.of(touches)
    for relation in said.parents:
        parent = place.table(relation)
        if parent is None:
            missing = NOT_IN_SCHEMA.format(place.name(relation))
            found = found.joined(impact.of((), unknown=missing))
        elif said.is_partition:
            found = found.joined(partitions.created(parent, place))
        else:
            found = found.joined(impact.of([touch(parent, SUE)]))
    return found


def create_table_as(said: CreateTableAs, action: Action, place: Place) -> Impact:
    """CREATE TABLE AS."""
    del said
    return impact.of(rows.reads(mentioned.reads(action), place))


def create_index(said: IndexDefinition, fact: Fact | None, place: Place) -> Impact:
    """CREATE INDEX."""
    lock = SUE if said.concurrently else S
    table = place.table(said.table)
    if table is None:
        return _on_view(said, place)
    family = place.family(table, only=said.table.only)
    name = fact.name if fact is not None else said.name
    there = said.if_not_exists and any(i.name == name for i in table.indexes)
    touches = [touch(t, lock, builds=_builds(said, t), scans=_builds(said, t)) for t in family]
    if there:
        touches = [touch(table, lock)]
    return impact.of(touches, in_transaction=not said.concurrently)


def _on_view(said: IndexDefinition, place: Place) -> Impact:
    name, lock = place.name(said.table), SUE if said.concurrently else S
    touched = Touch(relation=name, lock=lock, builds=YES, scans=YES)
    unknown = "" if place.view(name) is not None else NOT_IN_SCHEMA.format(name)
    return impact.of([touched], unknown=unknown, in_transaction=not said.concurrently)


def _builds(said: IndexDefinition, table: Table) -> Answer:
    """A partition keeps an index of its own that is alike, as far as is known."""
    keys = tuple(e.column or None for e in said.elements)
    alike = [i for i in table.indexes if i.keys == keys and i.constraint is None]
    return UNKNOWN if alike and table.partition_of is not None else YES


def create(said: CreateObject, action: Action, place: Place) -> Impact:
    """CREATE of what is no table."""
    if said.kind == "extension":
        return impact.of((), unknown=_EXTENSION)
    if said.with_elements:
        return impact.of((), unknown="it makes more than the schema")
    touches = []
    if said.kind == "materialized view":
        touches += rows.reads(mentioned.reads(action), place)
    if said.kind == "view":
        touches += rows.named(mentioned.reads(action), place)
        name = place.name(lookup.relation(said.words))
        if place.view(name) is not None:
            touches += on([name], AE)
    if said.kind in ("function", "procedure"):
        touches += rows.named(mentioned.reads(action), place)
        touches += rows.named(said.body_reads, place)
        touches += rows.named(said.body_writes, place, RX)
    if said.kind == "sequence" and said.owner:
        touches += on([place.name(lookup.relation(said.owner[:-1]))], AS)
    return impact.of(touches)


def create_trigger(said: CreateTrigger, place: Place) -> Impact:
    """CREATE TRIGGER; a row trigger of a partitioned table is made on each partition, too."""
    table = place.table(said.table)
    touches = on([place.name(said.table)], SRE)
    if table is not None and table.kind == "partitioned table" and said.per_row:
        touches += each(place.family(table), SRE)
    if said.other is not None:
        touches += on([place.name(said.other)], AS)
    return impact.of(touches)


def drop(said: DropObjects, fact: Fact | None, place: Place) -> Impact:
    """DROP of one or several objects."""
    dropped = _DROPS.get(said.kind)
    if dropped is None:
        return impact.of((), unknown=f"what DROP of {said.kind or 'this'} locks is not known")
    concurrently = fact is not None and fact.concurrently
    found = impact.of((), in_transaction=not concurrently)
    for words in said.objects:
        found = found.joined(dropped(words, said, concurrently, place))
    return found


def _drop_table(words: Words, said: DropObjects, _: bool, place: Place) -> Impact:
    name = place.name(lookup.relation(words))
    table = place.snapshot.table(name)
    if table is None:
        missing = "" if said.if_exists else NOT_IN_SCHEMA.format(name)
        return impact.of(() if said.if_exists else on([name], AE), unknown=missing)
    family = place.family(table)
    touches = each(family, AE)
    for one in family:
        keys = [c.references for c in one.constraints if is_enforced(c)]
        touches += on([name for name in keys if name is not None], AE)
        touches += on([s.name for s in place.sequences(one)], AE)
    if said.cascade:
        touches += _losing_keys(family, place)
        touches += on([v.name for v in place.views_over(t.name for t in family)], AE)
    return impact.of(touches).joined(partitions.dropped(table, place))


def _losing_keys(family: tuple[Table, ...], place: Place) -> list[Touch]:
    """Tables with foreign keys to what is dropped, and all that these keys point at."""
    touches = []
    for other, key in (pair for one in family for pair in place.referencing(one)):
        parent = place.snapshot.table(key.references) if key.references is not None else None
        touches += each(place.family(other), AE)
        touches += each(place.family(parent), AE) if parent is not None else []
    return touches


def _drop_index(words: Words, said: DropObjects, concurrently: bool, place: Place) -> Impact:
    found = place.index(lookup.relation(words))
    name = place.name(lookup.relation(words))
    if found is None:
        missing = "" if said.if_exists else NOT_IN_SCHEMA.format(name)
        return impact.of((), unknown=missing)
    table, index = found
    if concurrently:
        return impact.of([touch(table, SUE)], in_transaction=False)
    below = place.family(table) if table.kind == "partitioned table" else (table,)
    return impact.of(each((t for t in below if t is table or _shares(t, index)), AE))


def _shares(table: Table, index: Index) -> bool:
    """Whether the partition has an index that could be a part of the parent's."""
    return any(i.keys == index.keys for i in table.indexes)


def _drop_view(words: Words, said: DropObjects, _: bool, place: Place) -> Impact:
    name = place.name(lookup.relation(words))
    touches = on([name], AE)
    if said.cascade:
        touches += on([v.name for v in place.views_over([name])], AE)
    return impact.of(touches)


def _drop_sequence(words: Words, said: DropObjects, _: bool, place: Place) -> Impact:
    name = place.name(lookup.relation(words))
    touches = on([name], AE)
    if said.cascade:
        for table in place.snapshot.tables:
            texts = [c.default for c in table.columns if c.default is not None]
            if any("nextval" in text and name.name in text for text in texts):
                touches += each([table], AE)
    return impact.of(touches)


def _drop_type(words: Words, said: DropObjects, _: bool, place: Place) -> Impact:
    relation = lookup.relation(words)
    names = {t.name for t in place.snapshot.types}
    name = lookup.among(relation, names, place.snapshot, place.settings)
    kinds = {t.kind for t in place.snapshot.types if t.name == name}
    touches = on([name], AE) if "composite" in kinds else []
    if not said.cascade:
        return impact.of(touches)
    for table, column in columns_of_type(name, place):
        touches += each(place.family(table), AE)
        touches += on([v.name for v in place.views_over([table.name], column)], AE)
    return impact.of(touches, unknown=_CASCADE.format(name))


def columns_of_type(name: Name, place: Place) -> Iterator[tuple[Table, str]]:
    """Tables with a column of the type, of an array of it, or of a domain over it."""
    texts = {type_names.str_qualified(name)}
    for _ in place.snapshot.types:
        more = {
            type_names.str_qualified(t.name)
            for t in place.snapshot.types
            if t.kind == "domain" and any(f" AS {text}" in t.definition for text in texts)
        }
        if more <= texts:
            break
        texts |= more
    for table in place.snapshot.tables:
        for column in table.columns:
            if column.type.removesuffix("[]") in texts:
                yield table, column.name


def _drop_function(words: Words, said: DropObjects, _: bool, place: Place) -> Impact:
    if not said.cascade:
        return impact.of(())
    touches = [
        touch(table, AE)
        for table in place.snapshot.tables
        if any(t.function.name == words[-1] for t in table.triggers)
    ]
    return impact.of(touches, unknown=_CASCADE.format(words[-1]))


def _drop_part(words: Words, _said: DropObjects, _: bool, place: Place) -> Impact:
    """A trigger, policy or rule of a table or view."""
    name = place.name(lookup.relation(words[:-1]))
    table = place.snapshot.table(name)
    if table is None:
        unknown = "" if place.view(name) is not None else NOT_IN_SCHEMA.format(name)
        return impact.of(on([name], AE), unknown=unknown)
    part = [t for t in place.family(table) if any(g.name == words[-1] for g in t.triggers)]
    return impact.of(each([table, *part], AE))


def _drop_statistics(words: Words, said: DropObjects, _: bool, place: Place) -> Impact:
    found = [
        t
        for t in place.snapshot.tables
        if any(statistics.name(text)[-1:] == words[-1:] for text in t.statistics)
    ]
    missing = "" if found or said.if_exists else NOT_IN_SCHEMA.format(words[-1])
    return impact.of(each(found, SUE), unknown=missing)


def _drop_schema(words: Words, said: DropObjects, _: bool, place: Place) -> Impact:
    if not said.cascade:
        return impact.of(())
    inside = {t.name for t in place.snapshot.tables if t.name.schema == words[-1]}
    inside |= {v.name for v in place.snapshot.views if v.name.schema == words[-1]}
    inside |= {s.name for s in place.snapshot.sequences if s.name.schema == words[-1]}
    found = impact.of(on(inside, AE), unknown=_CASCADE.format(words[-1]))
    for name in sorted(inside):
        if place.snapshot.table(name) is not None:
            found = found.joined(_drop_table((name.schema, name.name), said, False, place))
    return found


def _no_lock(_words: Words, said: DropObjects, _: bool, _place: Place) -> Impact:
    return impact.of((), unknown=_CASCADE.format(said.kind) if said.cascade else "")


def _drop_extension(words: Words, _said: DropObjects, _: bool, _place: Place) -> Impact:
    return impact.of((), unknown=_CASCADE.format(words[-1]))


_DROPS: Mapping[str, Callable[[Words, DropObjects, bool, Place], Impact]] = {
    "table": _drop_table,
    "index": _drop_index,
    "view": _drop_view,
    "materialized view": _drop_view,
    "sequence": _drop_sequence,
    "type": _drop_type,
    "function": _drop_function,
    "trigger": _drop_part,
    "policy": _drop_part,
    "rule": _drop_part,
    "statistics": _drop_statistics,
    "schema": _drop_schema,
    "publication": _no_lock,
    "extension": _drop_extension,
}


def rename(said: RenameObject, fact: Fact | None, place: Place) -> Impact:
    """RENAME of a table, a part of one, or another object."""
    del fact
    name = place.name(lookup.relation(said.words)) if said.words else None
    if said.kind in ("type", "function", "schema", "publication", "statistics", "extension"):
        return impact.of(() if said.kind != "type" else _composite(said.words, place))
    table = place.snapshot.table(name) if name is not None else None
    if table is not None:
        family = place.family(table) if said.part else (table,)
        return impact.of(each(family, AE))
    if name is None or not said.kind:
        unknown = "what is renamed is not known" if name is None else ""
        return impact.of(on([name], AE) if name is not None else (), unknown=unknown)
    return impact.of(on([name], SUE if said.kind == "index" else AE))


def _composite(words: Words, place: Place) -> list[Touch]:
    names = {t.name for t in place.snapshot.types if t.kind == "composite"}
    name = lookup.among(lookup.relation(words), names, place.snapshot, place.settings)
    return on([name], AE) if name in names else []


def set_schema(said: SetSchema, place: Place) -> Impact:
    """SET SCHEMA."""
    if said.relation is None:
        return impact.of(())
    name = place.name(said.relation)
    table = place.snapshot.table(name)
    owned = [s.name for s in place.sequences(table)] if table is not None else []
    return impact.of(on([name, *owned], AE))


def comment(said: CommentOn, place: Place) -> Impact:
    """COMMENT."""
    if said.kind in ("table", "index", "view", "sequence"):
        return impact.of(on([place.name(lookup.relation(said.words))], SUE))
    if said.kind in ("column", "constraint", "trigger", "policy", "rule"):
        lock = SUE if said.kind == "column" else AS
        return impact.of(on([place.name(lookup.relation(said.words[:-1]))], lock))
    return impact.of(())


def alter_sequence(said: AlterSequence, place: Place) -> Impact:
    """ALTER SEQUENCE."""
    touches = on([place.name(said.sequence)], SRE)
    if said.owner:
        touches += on([place.name(lookup.relation(said.owner[:-1]))], AS)
    return impact.of(touches)


def alter_domain(said: AlterDomain, place: Place) -> Impact:
    """ALTER DOMAIN: a new constraint is checked in every table that uses it."""
    if not said.checks:
        return impact.of(())
    names = {t.name for t in place.snapshot.types}
    name = lookup.among(lookup.relation(said.words), names, place.snapshot, place.settings)
    if name not in names:
        return impact.of((), unknown=NOT_IN_SCHEMA.format(name))
    tables = {t.name: t for t, _ in columns_of_type(name, place)}
    return impact.of(touch(t, S, scans=YES) for t in tables.values())
