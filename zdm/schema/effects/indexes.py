"""Indexes: what CREATE INDEX leaves, and what partitions get of the indexes above them."""

from msgspec.structs import replace

from zdm.model.catalog.indexed import exchanged, named
from zdm.model.expression import Words
from zdm.model.schema import Constraint, Index, Name, Snapshot, Table, View
from zdm.model.statement import Action, Fact, Setting
from zdm.model.syntax import IndexDefinition
from zdm.parse import column_names, expressions, rewrite
from zdm.parse.readers import authority
from zdm.schema import edits, family, generated_names, lookup

_LABELS = {"primary key": "pkey", "unique": "key", "exclusion": "excl"}


def create(snapshot: Snapshot, action: Action) -> Snapshot:
    """CREATE INDEX."""
    table, said, fact = lookup.table_of(snapshot, action), action.said, action.fact
    if table is None and isinstance(said, IndexDefinition) and isinstance(fact, Fact):
        return _on_view(snapshot, said, fact)
    if table is None or not isinstance(said, IndexDefinition) or not isinstance(fact, Fact):
        return snapshot
    name = said.name or generated_names.of_index(said, table.name, snapshot)
    index = _index(said, table.name, name)
    if lookup.in_use(snapshot, Name(table.name.schema, name)):
        return snapshot
    if not lookup.has(table, *index.columns) or not _of_every_partition(table, index):
        return snapshot
    if said.concurrently and table.kind == "partitioned table":
        return snapshot  # the server refuses it
    alone = fact.only and bool(family.partitions(snapshot, table.name))
    snapshot = edits.put_index(snapshot, table.name, replace(index, valid=not alone))
    if fact.only:
        return snapshot
    return put_below(snapshot, table.name, index, generated_names.words(said))


def _on_view(snapshot: Snapshot, said: IndexDefinition, fact: Fact) -> Snapshot:
    """Of a materialized view."""
    for view in named(snapshot.views, fact.table) if fact.table is not None else ():
        name = said.name or generated_names.of_index(said, view.name, snapshot)
        lacks = {*_index(said, view.name, name).columns} - {*view.columns}
        used = lookup.in_use(snapshot, Name(view.name.schema, name))
        if view.kind == "view" or used or (view.columns and lacks):
            continue
        made = rewrite.create_index(said, view.name, name)
        indexed = replace(view, indexes=tuple(sorted((*view.indexes, made))))
        snapshot = replace(snapshot, views=exchanged(snapshot.views, view, indexed))
    return snapshot


def of_view(
    words: Words, snapshot: Snapshot, settings: tuple[Setting, ...]
) -> tuple[View, str] | None:
    """The materialized view whose index the words name, and its definition."""
    found = {
        Name(view.name.schema, generated_names.of_definition(text)): (view, text)
        for view in snapshot.views
        for text in view.indexes
    }
    return found.get(lookup.among(lookup.relation(words), found, snapshot, settings))


def drop_of_view(snapshot: Snapshot, name: Name, index: str) -> Snapshot:
    """Without that index of the view."""
    for view in named(snapshot.views, name):
        kept = (one for one in view.indexes if generated_names.of_definition(one) != index)
        left = replace(view, indexes=tuple(kept))
        snapshot = replace(snapshot, views=exchanged(snapshot.views, view, left))
    return snapshot


def rename_of_view(snapshot: Snapshot, found: tuple[View, str], new: str) -> Snapshot:
    """With another name for an index of a view."""
    view, text = found
    if lookup.in_use(snapshot, Name(view.name.schema, new)):
        return snapshot
    others = [one for one in view.indexes if one != text]
    text = rewrite.index(text, "", "", name=new, concurrently=False)
    changed = replace(view, indexes=tuple(sorted((*others, text))))
    return replace(snapshot, views=exchanged(snapshot.views, view, changed))


def _index(said: IndexDefinition, table: Name, name: str) -> Index:
    inside = [e.expression for e in said.elements] + [said.where]
    named = [e.column for e in (*said.elements, *said.included) if e.column]
    used = sorted({c for e in inside if e is not None for c in expressions.columns(e)})
    return Index(
        name=name,
        definition=rewrite.create_index(said, table, name),
        keys=tuple(e.column or None for e in said.elements),
        columns=tuple(dict.fromkeys([*named, *used])),
        unique=said.unique,
        predicate=expressions.sql(said.where) if said.where is not None else None,
    )


def _of_every_partition(table: Table, index: Index) -> bool:
    """A UNIQUE of a partitioned table must hold its partition key."""
    wanted = set(family.partition_columns(table)) if index.unique else set()
    return wanted <= {key for key in index.keys if key is not None}


def words_of(index: Index) -> tuple[str, ...]:
    """The names of its columns, by which that of an index below it is chosen."""
    if not index.definition:
        return generated_names.numbered(key or column_names.OTHER for key in index.keys)
    (action,) = authority.of_step(index.definition, (), ("public",))
    said = action.said
    return generated_names.words(said) if isinstance(said, IndexDefinition) else ()


def put_below(snapshot: Snapshot, name: Name, index: Index, words: tuple[str, ...]) -> Snapshot:
    """Each partition gets an index like it, or gives one that it has."""
    of = kind(snapshot, snapshot.require_table(name), index)
    for child in family.partitions(snapshot, name):
        snapshot = inherit(snapshot, child.name, index, words, of)
    return snapshot


def rebuild_below(snapshot: Snapshot, name: Name, column: str) -> Snapshot:
    """A column of a partitioned table has another type: the indexes on it are made again, and
    those of partitions get new names."""
    changed = [i for i in snapshot.require_table(name).indexes if column in i.columns]
    if not family.partitions(snapshot, name):
        return snapshot
    for index in reversed(changed):
        snapshot = _drop_below(snapshot, name, index)
    for index in changed:
        snapshot = put_below(snapshot, name, index, words_of(index))
    return snapshot


def _drop_below(snapshot: Snapshot, name: Name, index: Index) -> Snapshot:
    above = snapshot.require_table(name)
    for child in family.partitions(snapshot, name):
        own = part_of(child, index, above)
        if own is not None:
            snapshot = _drop_below(snapshot, child.name, own)
            snapshot = edits.drop_index(snapshot, child.name, own.name)
    return snapshot


def kind(snapshot: Snapshot, table: Table, index: Index) -> str:
    """The kind of its constraint; empty where it has none. That of a partition may be the one
    of the table above, which the catalog does not list again."""
    if index.constraint is None:
        return ""
    own = table.constraint(index.constraint)
    if own is not None:
        return own.kind
    return "primary key" if family.primary_key(snapshot, table) == index.keys else "unique"


def inherit(
    snapshot: Snapshot, name: Name, index: Index, words: tuple[str, ...], kind: str
) -> Snapshot:
    """A partition gets an index like that of the table above; `kind` is its constraint's."""
    table = snapshot.require_table(name)
    above = snapshot.table(table.partition_of) if table.partition_of is not None else None
    own = None if above is None else part_of(table, index, above)
    if own is not None:
        left = tuple(c for c in table.constraints if c.name != own.constraint)
        return edits.put_table(snapshot, replace(table, constraints=left))
    made = _like(snapshot, name, index, words, kind)
    snapshot = edits.put_index(snapshot, name, made)
    for child in family.partitions(snapshot, name):
        snapshot = inherit(snapshot, child.name, made, words, kind)
    return snapshot


def copy(
    snapshot: Snapshot, name: Name, index: Index, words: tuple[str, ...], kind: str
) -> Snapshot:
    """LIKE … INCLUDING INDEXES: the same index on another table, with its constraint."""
    made = _like(snapshot, name, index, words, kind)
    made = replace(made, definition=_on(name, made.name, index.definition))
    snapshot = edits.put_index(snapshot, name, made)
    return edits.put_table(snapshot, listed(snapshot.require_table(name), made, kind))


def _on(table: Name, name: str, definition: str) -> str:
    """The same CREATE INDEX on another table; empty where it is not known."""
    for action in authority.of_step(definition, (), ("public",)) if definition else ():
        if isinstance(action.said, IndexDefinition):
            return rewrite.create_index(action.said, table, name)
    return ""


def _like(
    snapshot: Snapshot, name: Name, index: Index, words: tuple[str, ...], kind: str
) -> Index:
    columns = () if kind == "primary key" else words
    free = generated_names.free(snapshot, name, columns, _LABELS.get(kind, "idx"))
    return replace(
        index,
        name=free,
        definition="",
        constraint=free if kind else None,
        comment=None,
        replica_identity=False,
        clustered=False,
    )


def part_of(table: Table, index: Index, above: Table) -> Index | None:
    """The index of a partition that is part of an index of the table above, or will be: one
    that is like it, and where several are, in the same place among them."""
    if not index.valid:
        return None  # it is ON ONLY the table above
    place = [i.name for i in _alike(above, index) if i.valid].index(index.name)
    return dict(enumerate(_alike(table, index))).get(place)


def _alike(table: Table, index: Index) -> list[Index]:
    return [
        own
        for own in table.indexes
        if _shape(own) == _shape(index) and bool(own.constraint) >= bool(index.constraint)
    ]


def _shape(index: Index) -> object:
    return (index.keys, index.unique, set(index.columns), index.predicate is None)


def listed(table: Table, index: Index, kind: str) -> Table:
    """The table with the constraint of its index in the list: it is not that of a table above,
    or no longer."""
    if index.constraint is None or table.constraint(index.constraint) is not None:
        return table
    own = Constraint(
        name=index.constraint,
        kind=kind,
        columns=tuple(k for k in index.keys if k is not None),
        definition="",
        index=index.name,
    )
    constraints = sorted([*table.constraints, own], key=lambda c: c.name)
    return replace(table, constraints=tuple(constraints))
