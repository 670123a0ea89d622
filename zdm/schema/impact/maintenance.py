"""VACUUM, ANALYZE, CLUSTER, REINDEX, REFRESH, triggers, policies, rules, grants …"""

from collections.abc import Callable, Iterator, Mapping

from zdm.model import impact
from zdm.model.commands import Work, WorkOn
from zdm.model.impact import NO, UNKNOWN, YES, Impact, Touch
from zdm.model.locks import LockMode
from zdm.model.schema import Index, Name, Table
from zdm.model.syntax import RelationName
from zdm.parse import names
from zdm.schema.impact import rows
from zdm.schema.impact.place import (
    AE,
    AS,
    NOT_IN_SCHEMA,
    SUE,
    Place,
    S,
    X,
    each,
    on,
    touch,
)


def of(said: WorkOn, place: Place) -> Impact:
    """A statement about whole relations."""
    return _WORKS[said.work](said, place)


def _tables(said: WorkOn, place: Place) -> Iterator[Table]:
    """The tables it names, with partitions and children; all, where none is named."""
    if not said.relations:
        yield from place.snapshot.tables
    for relation in said.relations:
        table = place.table(relation)
        if table is not None:
            yield from place.family(table, only=relation.only)


def _strangers(said: WorkOn, place: Place) -> list[Name]:
    """What it names that is no table: views, sequences, or not in the schema; where it names
    nothing, all materialized views."""
    if not said.relations:
        return [v.name for v in place.snapshot.views if v.kind == "materialized view"]
    names = [place.name(relation) for relation in said.relations]
    return [name for name in names if place.snapshot.table(name) is None]


def _each(lock: LockMode) -> Callable[[WorkOn, Place], Impact]:
    """One lock on each relation that is named, and on nothing below."""

    def locked(said: WorkOn, place: Place) -> Impact:
        return impact.of(on(map(place.name, said.relations), lock))

    return locked


def _vacuum(said: WorkOn, place: Place) -> Impact:
    full = said.work is Work.VACUUM_FULL
    lock, copied = (AE, YES) if full else (SUE, NO)
    touches = [
        touch(t, lock, rewrites=copied, builds=copied if t.indexes else NO, scans=YES)
        for t in _tables(said, place)
    ]
    touches += [
        Touch(relation=name, lock=lock, rewrites=copied, builds=copied, scans=YES)
        for name in _strangers(said, place)
    ]
    return impact.of(touches, in_transaction=False)


def _analyze(said: WorkOn, place: Place) -> Impact:
    """It reads a sample."""
    return impact.of([*each(_tables(said, place), SUE), *on(_strangers(said, place), SUE)])


def _cluster(said: WorkOn, place: Place) -> Impact:
    tables = [*_tables(said, place)]
    if not said.relations:
        tables = [t for t in tables if any(i.clustered for i in t.indexes)]
    partitioned = any(t.kind == "partitioned table" for t in tables)
    touches = [touch(t, AE, rewrites=YES, builds=YES, scans=YES) for t in tables]
    return impact.of(touches, in_transaction=bool(said.relations) and not partitioned)


def _reindex(said: WorkOn, place: Place) -> Impact:
    lock = SUE if said.concurrently else S
    if said.work is Work.REINDEX_INDEX:
        return _reindex_index(said, lock, place)
    if said.work is Work.REINDEX_SCHEMA:
        tables = [t for t in place.snapshot.tables if t.name.schema == said.name]
    else:
        tables = [*_tables(said, place)]
    if not said.relations:  # then partitioned tables are passed over
        tables = [t for t in tables if t.kind != "partitioned table"]
    touches = []
    for table in tables:
        built = YES if table.indexes else NO
        touches.append(touch(table, lock, builds=built, scans=built))
        if not said.concurrently:
            touches += on(_indexes(table), AE)
    touches += _views(said, lock, place)
    alone = said.concurrently or said.work is not Work.REINDEX_TABLE
    alone = alone or any(t.kind == "partitioned table" for t in tables)
    return impact.of(touches, in_transaction=not alone)


def _views(said: WorkOn, lock: LockMode, place: Place) -> list[Touch]:
    """Materialized views that are reindexed."""
    named = _strangers(said, place)
    views = [v for v in place.snapshot.views if v.name in named]
    if said.work is Work.REINDEX_SCHEMA:
        views = [v for v in views if v.name.schema == said.name]
    touches = []
    for view in views:
        built = YES if view.indexes else NO
        touches.append(Touch(relation=view.name, lock=lock, builds=built, scans=built))
        if lock is S:
            touches += on([_named(text, view.name) for text in view.indexes], AE)
    return touches


def _named(definition: str, view: Name) -> Name:
    """The name in an index's definition."""
    text = definition.partition(" INDEX ")[2].partition(" ON ")[0]
    return Name(view.schema, names.qualified(text).name)


def _indexes(table: Table) -> list[Name]:
    if table.kind == "partitioned table":
        return []
    return [Name(table.name.schema, i.name) for i in table.indexes]


def _reindex_index(said: WorkOn, lock: LockMode, place: Place) -> Impact:
    (relation, *_) = said.relations
    found, name = place.index(relation), place.name(relation)
    if found is None:
        unknown = NOT_IN_SCHEMA.format(name)
        return impact.of(on([name], AE), unknown=unknown, in_transaction=not said.concurrently)
    table, index = found
    if table.kind == "partitioned table":
        return _reindex_parts(table, index, lock, place)
    touches = [touch(table, lock, builds=YES, scans=YES)]
    touches += [] if said.concurrently else on([name], AE)
    return impact.of(touches, in_transaction=not said.concurrently)


def _reindex_parts(table: Table, index: Index, lock: LockMode, place: Place) -> Impact:
    """REINDEX of a partitioned table's index: those of the partitions, one after another."""
    touches = []
    for one in place.family(table):
        parts = [i for i in one.indexes if i.keys == index.keys and one is not table]
        built = YES if parts else NO
        touches.append(touch(one, lock, builds=built, scans=built))
        touches += on([Name(one.name.schema, i.name) for i in parts], AE) if lock is S else []
    return impact.of(touches, in_transaction=False)


def _refresh(said: WorkOn, place: Place) -> Impact:
    (relation, *_) = said.relations
    name = place.name(relation)
    view = place.view(name)
    copied = NO if said.concurrently else YES
    built = UNKNOWN if view is None else YES if view.indexes and copied is YES else NO
    touched = Touch(
        relation=name,
        lock=X if said.concurrently else AE,
        rewrites=copied,
        builds=built,
        scans=YES,
    )
    below = [] if view is None else sorted({n for n, _ in view.uses})
    read = rows.reads([RelationName(schema=n.schema, name=n.name) for n in below], place)
    unknown = NOT_IN_SCHEMA.format(name) if view is None else ""
    return impact.of([touched, *read], unknown=unknown)


def _policy(said: WorkOn, place: Place) -> Impact:
    touches = on(map(place.name, said.relations), AE)
    return impact.of([*touches, *rows.named(said.reads, place)])


def _publication(said: WorkOn, place: Place) -> Impact:
    touches = on(map(place.name, said.relations), SUE)
    return impact.of(touches)


def _grant(said: WorkOn, place: Place) -> Impact:
    """Locks nothing before PostgreSQL 18."""
    if place.major < 18:
        return impact.of(())
    return impact.of(on(map(place.name, said.relations), AS))


def _nothing(_said: WorkOn, _: Place) -> Impact:
    return impact.of(())


_WORKS: Mapping[Work, Callable[[WorkOn, Place], Impact]] = {
    Work.VACUUM: _vacuum,
    Work.VACUUM_FULL: _vacuum,
    Work.ANALYZE: _analyze,
    Work.CLUSTER: _cluster,
    Work.REINDEX_TABLE: _reindex,
    Work.REINDEX_INDEX: _reindex,
    Work.REINDEX_SCHEMA: _reindex,
    Work.REINDEX_DATABASE: _reindex,
    Work.REFRESH: _refresh,
    Work.POLICY: _policy,
    Work.CREATE_RULE: _policy,
    Work.CREATE_STATISTICS: _each(SUE),
    Work.PUBLICATION: _publication,
    Work.GRANT: _grant,
    Work.GRANT_IN_SCHEMA: _nothing,
    Work.SECURITY_LABEL: _each(SUE),
    Work.TRUNCATE: rows.truncate,
    Work.LOCK: rows.lock,
    Work.COPY_IN: rows.copy,
    Work.COPY_OUT: rows.copy,
}
