"""ADD COLUMN, DROP COLUMN, changes of type, of NOT NULL and of defaults."""

from zdm.model import impact
from zdm.model.expression import Expression
from zdm.model.impact import NO, UNKNOWN, YES, Answer, Impact, Touch
from zdm.model.schema import Constraint, Index, Table, Volatility
from zdm.model.statement import Fact
from zdm.model.syntax import AddColumn, ChangeType, ColumnDefinition
from zdm.parse import expressions
from zdm.schema import default_volatility, not_null_proof, type_change, type_names, volatility
from zdm.schema.impact.place import AE, SRE, Place, each, is_enforced, on, touch
from zdm.schema.type_change import Cost

_OF_COST = {Cost.REWRITE: YES, Cost.UNKNOWN: UNKNOWN}


def add(said: AddColumn, fact: Fact, table: Table, place: Place) -> Impact:
    """ADD COLUMN."""
    column, family = said.column, place.family(table, only=fact.only)
    if fact.if_exists and table.column(column.name) is not None:
        return impact.of(each(family, AE))
    rewrites = _rewrites(column, place)
    indexed = column.constraint("unique") or column.constraint("primary key")
    builds = YES if indexed is not None else rewrites
    scans = YES if _checks(column, rewrites) else builds
    touches = [touch(t, AE, rewrites=rewrites, builds=builds, scans=scans) for t in family]
    for constraint in column.constraints:
        parent = None if constraint.references is None else place.table(constraint.references)
        if parent is not None:
            read = UNKNOWN if column.constraint("default") is not None else NO
            touches += [touch(t, SRE, scans=read) for t in place.family(parent)]
    return impact.of(touches)


def _rewrites(column: ColumnDefinition, place: Place) -> Answer:
    generated = column.constraint("generated")
    if type_names.is_serial(column.type) or column.constraint("identity") is not None:
        return YES
    if generated is not None:
        return YES if generated.generated == "stored" else NO
    default = column.constraint("default")
    if default is not None and default.expression is not None:
        varies = _varies(default.expression, place)
        if varies is not NO:
            return varies
    text = type_names.canonical(column.type, place.snapshot, place.settings)
    if not type_change.is_known(text, place.snapshot):
        return UNKNOWN  # it may be a domain
    return YES if type_change.is_constrained(text, place.snapshot) else NO


def _varies(default: Expression, place: Place) -> Answer:
    """Whether the default has another value for each row."""
    how = default_volatility.volatility(default, place.snapshot, place.major)
    if how is not Volatility.VOLATILE:
        return NO
    known = volatility.VOLATILE | default_volatility.STABLE | default_volatility.IMMUTABLE
    # a body of SQL may be put in its place, and then need not be volatile
    known |= {f.name.name for f in place.snapshot.functions if f.language != "sql"}
    called = {words[-1] for words in expressions.functions(default)}
    return YES if called <= known else UNKNOWN


def _checks(column: ColumnDefinition, rewrites: Answer) -> bool:
    """Whether a constraint of the new column makes the server read the old rows."""
    default = column.constraint("default")
    if column.constraint("check") is not None:
        return True
    if column.constraint("foreign key") is not None and default is not None:
        return True
    if column.constraint("not null") is None or rewrites is YES:
        return False
    return default is None


def drop(fact: Fact, table: Table, place: Place) -> Impact:
    """DROP COLUMN, with what is dropped along."""
    touches = each(place.family(table, only=fact.only), AE)
    lost = (c for c in place.foreign_keys(table) if fact.name in c.columns)
    touches += on([c.references for c in lost if c.references and is_enforced(c)], AE)
    touches += on([s.name for s in place.sequences(table, fact.name)], AE)
    if not fact.cascade:
        return impact.of(touches)
    for other, constraint in place.referencing(table):
        if fact.name in constraint.referenced_columns:
            touches += each(place.family(other), AE)
    touches += on([v.name for v in place.views_over([table.name], fact.name)], AE)
    return impact.of(touches, unknown=_taken_along(fact.name, table))


def _taken_along(column: str, table: Table) -> str:
    """What CASCADE drops that is not known by its relation."""
    kinds = {d.kind for d in table.dependents if d.column == column and d.blocks}
    others = sorted(kinds - {"view", "materialized view", "rule", "foreign key", "policy"})
    return f"CASCADE drops what depends on {column}: {', '.join(others)}" if others else ""


def set_not_null(fact: Fact, table: Table, place: Place) -> Impact:
    """SET NOT NULL: scans where nothing proves it, and over a NOT VALID one even then."""
    touches = []
    for one in place.family(table, only=fact.only):
        doubted = not_null_proof.unvalidated(one, fact.name) is not None
        scans = YES if doubted else not_null_proof.missing(one, fact.name)
        touches.append(touch(one, AE, scans=scans))
    return impact.of(touches)


def change_type(said: ChangeType, fact: Fact, table: Table, place: Place) -> Impact:
    """ALTER COLUMN TYPE."""
    family = place.family(table, only=fact.only)
    if table.column(said.column) is None:
        touches = [
            touch(t, AE, rewrites=UNKNOWN, builds=UNKNOWN, scans=UNKNOWN) for t in family
        ]
        return impact.of(touches)
    cost = _cost(said, table, place)
    renewed = any(said.column in i.columns for i in _of_partitioned(family))
    touches = [_changed(t, said, cost, renewed=renewed) for t in family]
    for one in family:
        touches += _partners(one, said.column, cost, place)
    column = table.column(said.column)
    if column is not None and column.identity:
        touches += on([s.name for s in place.sequences(table, said.column)], SRE)
    return impact.of(touches)


def _cost(said: ChangeType, table: Table, place: Place) -> Cost:
    using = said.using
    if using is not None and expressions.column(expressions.without_cast(using)) != said.column:
        return Cost.REWRITE
    old = table.require_column(said.column)
    new = type_names.canonical(said.type, place.snapshot, place.settings)
    found = type_change.cost(old.type, new, place.snapshot, place.settings)
    kept = type_change.keeps_collation(said.collation, old.collation)
    return found if kept or found is not Cost.FREE else Cost.INDEXES


def _of_partitioned(family: tuple[Table, ...]) -> list[Index]:
    """Indexes of partitioned tables, which are always rebuilt on each partition."""
    return [i for t in family if t.kind == "partitioned table" for i in t.indexes]


def _changed(table: Table, said: ChangeType, cost: Cost, *, renewed: bool) -> Touch:
    rewrites = _OF_COST.get(cost, NO)
    builds = rewrites if table.indexes else NO
    hit = [i for i in table.indexes if said.column in i.columns]
    if builds is NO and any(renewed or cost is Cost.INDEXES or _computed(i) for i in hit):
        builds = YES
    checked = any(
        c.kind == "check" and c.validated and said.column in c.columns
        for c in table.constraints
    )
    if checked or YES in (rewrites, builds):
        scans = YES
    else:
        scans = UNKNOWN if UNKNOWN in (rewrites, builds) else NO
    return touch(table, AE, rewrites=rewrites, builds=builds, scans=scans)


def _computed(index: Index) -> bool:
    return index.predicate is not None or None in index.keys


def _partners(table: Table, column: str, cost: Cost, place: Place) -> list[Touch]:
    """The other tables of its foreign keys, which are checked again unless it is free."""
    read = NO if cost is Cost.FREE else UNKNOWN
    others: list[Table] = []
    for constraint in place.foreign_keys(table):
        parent = _parent(constraint, place)
        if column in constraint.columns and parent is not None:
            others += place.family(parent)
    for other, constraint in place.referencing(table):
        if column in constraint.referenced_columns:
            others += place.family(other)
    return [touch(other, AE, scans=read) for other in others]


def _parent(constraint: Constraint, place: Place) -> Table | None:
    found = constraint.references
    return None if found is None else place.snapshot.table(found)
