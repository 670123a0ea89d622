"""The rows of the catalogs that DO blocks ask, as the Snapshot knows them."""

from collections.abc import Callable, Iterator, Mapping

from zdm.model.schema import Name, Snapshot, Table, Trigger, View
from zdm.model.syntax import IndexDefinition
from zdm.parse.blocks.condition import Catalog, Part
from zdm.parse.readers import authority
from zdm.schema import generated_names

Value = str | Name
Row = Mapping[Part, Value]
SOME = ""  # in a row: a name that the Snapshot does not have
_NONE = Name("", "")  # no relation: conrelid is 0


class UnknownError(Exception):
    """The Snapshot does not say."""


def of(catalog: Catalog, snapshot: Snapshot) -> Iterator[Row]:
    """All of them."""
    return _ROWS[catalog](snapshot)


def _constraints(snapshot: Snapshot) -> Iterator[Row]:
    for table in snapshot.tables:
        found = [one.name for one in table.constraints]
        found += [one.name for one in table.triggers if _is_constraint(one)]
        found += [SOME] * _has_others(table, snapshot)
        for name in found:
            yield {Part.NAME: name, Part.RELATION: table.name}
    if any(one.constrained for one in snapshot.types):
        yield {Part.NAME: SOME, Part.RELATION: _NONE}  # constraints of domains


def _has_others(table: Table, snapshot: Snapshot) -> bool:
    """Whether it has foreign keys to partitions, which follow from those to their parents."""
    referred = [snapshot.table(k.references) for k in table.constraints if k.references]
    return any(one is not None and one.partition_key is not None for one in referred)


def _is_constraint(trigger: Trigger) -> bool:
    return trigger.definition.upper().startswith("CREATE CONSTRAINT")


def _shown_constraints(snapshot: Snapshot) -> Iterator[Row]:
    for table in snapshot.tables:
        for one in table.constraints:
            if table.kind != "foreign table" and one.kind in _KINDS[snapshot.major >= 18]:
                yield {Part.NAME: one.name, **_of(table.name)}
        if _has_others(table, snapshot):
            yield {Part.NAME: SOME, **_of(table.name)}


_KINDS = (
    ("check", "unique", "primary key", "foreign key"),
    ("check", "unique", "primary key", "foreign key", "not null"),
)


def _of(relation: Name) -> Row:
    return {Part.SCHEMA: relation.schema, Part.TABLE: relation.name}


def _columns(snapshot: Snapshot) -> Iterator[Row]:
    for table in snapshot.tables:
        for name in _SYSTEM:
            yield {Part.NAME: name, Part.RELATION: table.name}
    yield from _own_columns(snapshot)


def _own_columns(snapshot: Snapshot) -> Iterator[Row]:
    for table in snapshot.tables:
        for name in _columns_of(table):
            yield {Part.NAME: name, Part.RELATION: table.name}


_SYSTEM = ("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid")


def _columns_of(table: Table) -> Iterator[str]:
    if table.opaque:
        raise UnknownError
    yield from (column.name for column in table.columns)


def _shown_columns(snapshot: Snapshot) -> Iterator[Row]:
    for table in snapshot.tables:
        yield from ({Part.NAME: name, **_of(table.name)} for name in _columns_of(table))
    for view in _views(snapshot):
        if not view.columns:
            raise UnknownError
        yield from ({Part.NAME: name, **_of(view.name)} for name in view.columns)


def _views(snapshot: Snapshot) -> Iterator[View]:
    """Those that information_schema shows."""
    yield from (view for view in snapshot.views if view.kind == "view")


def _tables(snapshot: Snapshot) -> Iterator[Row]:
    yield from (_of(t.name) for t in snapshot.tables if t.kind != "foreign table")


def _shown_tables(snapshot: Snapshot) -> Iterator[Row]:
    yield from (_of(table.name) for table in snapshot.tables)
    yield from (_of(view.name) for view in _views(snapshot))


def _indexes(snapshot: Snapshot) -> Iterator[Row]:
    for table in snapshot.tables:
        yield from ({Part.NAME: index.name, **_of(table.name)} for index in table.indexes)
    for view in snapshot.views:
        yield from ({Part.NAME: name, **_of(view.name)} for name in _indexes_of(view))


def _indexes_of(view: View) -> Iterator[str]:
    for definition in view.indexes:
        for action in authority.of_step(definition, (), ("public",)):
            if isinstance(action.said, IndexDefinition):
                yield action.said.name or SOME


def _triggers(snapshot: Snapshot) -> Iterator[Row]:
    for table in snapshot.tables:
        for trigger in table.triggers:
            yield {Part.NAME: trigger.name, Part.RELATION: table.name}
    if any(view.triggers for view in snapshot.views):
        raise UnknownError  # known by their definitions alone


def _policies(snapshot: Snapshot) -> Iterator[Row]:
    for table in snapshot.tables:
        yield from ({Part.NAME: one.name, **_of(table.name)} for one in table.policies)


def _types(snapshot: Snapshot) -> Iterator[Row]:
    named = [one.name for one in snapshot.types]
    named += [one.name for one in snapshot.tables]
    named += [one.name for one in snapshot.views]
    yield from ({Part.NAME: name.name} for name in named)
    if any(one.kind == "range" for one in snapshot.types):
        yield {Part.NAME: SOME}  # their multiranges


def _relations(snapshot: Snapshot) -> Iterator[Row]:
    for schema in snapshot.schemas:
        for name in generated_names.relations(snapshot, schema):
            yield {Part.NAME: name}
    for view in snapshot.views:
        yield from ({Part.NAME: name} for name in _indexes_of(view))


def _schemas(snapshot: Snapshot) -> Iterator[Row]:
    yield from ({Part.NAME: name} for name in snapshot.schemas)


def _labels(snapshot: Snapshot) -> Iterator[Row]:
    for one in snapshot.types:
        for label in one.labels:
            yield {Part.NAME: label, Part.TYPE: one.name, Part.TABLE: one.name.name}


_ROWS: Mapping[Catalog, Callable[[Snapshot], Iterator[Row]]] = {
    Catalog.CONSTRAINTS: _constraints,
    Catalog.SHOWN_CONSTRAINTS: _shown_constraints,
    Catalog.COLUMNS: _columns,
    Catalog.SHOWN_COLUMNS: _shown_columns,
    Catalog.RELATIONS: _relations,
    Catalog.TABLES: _tables,
    Catalog.SHOWN_TABLES: _shown_tables,
    Catalog.INDEXES: _indexes,
    Catalog.TRIGGERS: _triggers,
    Catalog.POLICIES: _policies,
    Catalog.TYPES: _types,
    Catalog.OWN_COLUMNS: _own_columns,
    Catalog.SCHEMAS: _schemas,
    Catalog.LABELS: _labels,
}
