"""A CHECK or foreign key of the Snapshot: the way back to it, whether rows break it, and one in
whose place the same train adds another foreign key from and to the same columns.

For that, one transaction drops the one and adds the other NOT VALID, so that no row is written
or deleted without either. As the former one was validated, no row breaks the new one.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from zdm.model.locks import LockMode
from zdm.model.plan import Check, RunSql
from zdm.model.schema import Constraint, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import AddConstraint
from zdm.parse import emit, expressions, rewrite
from zdm.parse.emit import Constant, Ident, Qualified
from zdm.recipes.constraint import breaking_rows, compared, references, unvalidated
from zdm.recipes.constraint.references import Reference
from zdm.recipes.reading import statements
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.recipes.sql.probes import Actions
from zdm.schema import family, lookup, not_null_proof

_ACTION = re.compile(r" ON (DELETE|UPDATE) (NO ACTION|RESTRICT|CASCADE|SET NULL|SET DEFAULT)")
_LETTERS = {
    "NO ACTION": "a",
    "RESTRICT": "r",
    "CASCADE": "c",
    "SET NULL": "n",
    "SET DEFAULT": "d",
}
_OF_CONSTRAINTS = frozenset({ActionKind.DROP_CONSTRAINT, ActionKind.ADD_CONSTRAINT})


def restore_sql(site: Site, constraint: Constraint) -> Iterator[str]:
    """Statements that make it again, whether it is there or not; NOT VALID where `prove_sql`
    validates it, so that no row is read under their locks."""
    later = " NOT VALID" if _is_proved_later(site, constraint) else ""
    yield unvalidated.drop_sql(site, constraint.name)
    yield rewrite.add_constraint(constraint.definition + later, site.name, constraint.name)
    if constraint.comment is not None:
        yield emit.sql(
            "COMMENT ON CONSTRAINT {k} ON {t} IS {text}",
            k=Ident(constraint.name),
            t=Qualified(site.name),
            text=Constant(constraint.comment),
        )


def prove_sql(site: Site, constraint: Constraint) -> tuple[str, ...]:
    """What validates it behind these, under a lock that blocks neither reads nor writes."""
    if not _is_proved_later(site, constraint):
        return ()
    t, k = Qualified(site.name), Ident(constraint.name)
    return (emit.sql("ALTER TABLE {t} VALIDATE CONSTRAINT {k}", t=t, k=k),)


def _is_proved_later(site: Site, constraint: Constraint) -> bool:
    """A partitioned table takes no foreign key NOT VALID before 18."""
    if constraint.kind == "foreign key":
        return constraint.validated and site.table.kind != "partitioned table"
    return constraint.validated and constraint.kind == "check"


def restorable(site: Site, constraint: Constraint) -> tuple[Check, ...]:
    """That no row breaks it."""
    if not constraint.validated:
        return ()
    return unbroken(
        site,
        constraint,
        failure=f"rows of {site.name} break {constraint.kind} {constraint.name}, so dropping it"
        " cannot be undone",
        hint="correct them, then run `zdm rollback` again",
    )


def unbroken(
    site: Site, constraint: Constraint, *, failure: str, hint: str
) -> tuple[Check, ...]:
    """That no row breaks a CHECK or foreign key; nothing where that cannot be asked, or where
    row security hides rows from everything but the constraint itself."""
    if site.table.row_security == "forced":
        return ()
    if constraint.kind == "check":
        return tuple(_holds(site, constraint, failure, hint))
    return tuple(_no_orphans(site, constraint, failure, hint))


def _holds(site: Site, constraint: Constraint, failure: str, hint: str) -> Iterator[Check]:
    condition = not_null_proof.condition(constraint.definition)
    if condition is None:
        return
    known = {column.name for column in site.table.columns}
    if not known.issuperset(expressions.columns(condition)):
        return  # it is about the whole row
    yield breaking_rows.none(
        site.table,
        f"({expressions.bare(condition)}) IS FALSE",
        failure=failure,
        hint=hint,
        only="NO INHERIT" in constraint.definition,
    )


def _no_orphans(site: Site, constraint: Constraint, failure: str, hint: str) -> Iterator[Check]:
    parent = constraint.references and site.snapshot.table(constraint.references)
    if not parent or "PERIOD " in constraint.definition:
        return
    reference = Reference(
        columns=constraint.columns,
        parent=parent.name,
        referenced=constraint.referenced_columns,
        match_full=" MATCH FULL" in constraint.definition,
    )
    if compared.otherwise(site.table, parent, reference, site.snapshot) is not None:
        return  # rows that it takes could be named
    yield references.no_orphans(site.table, parent, reference, failure=failure, hint=hint)


def exchanged(actions: Sequence[Action], snapshot: Snapshot) -> tuple[Constraint, int] | None:
    """The foreign key that the first Action drops, and where the other one is added. Between
    them nothing but constraints is changed."""
    fact = statements.fact(actions[0], ActionKind.DROP_CONSTRAINT)
    table = snapshot.table(fact.table) if fact is not None and fact.table is not None else None
    if fact is None or table is None or not _is_alone(table, snapshot):
        return None
    former = table.constraint(fact.name)
    if former is None or former.kind != "foreign key" or not former.validated:
        return None
    for position, action in enumerate(actions[1:], 1):
        if not isinstance(action.fact, Fact) or action.fact.kind not in _OF_CONSTRAINTS:
            return None
        if action.fact.table == table.name and _takes_its_place(action, former, snapshot):
            return former, position
    return None


def _is_alone(table: Table, snapshot: Snapshot) -> bool:
    return table.kind == "table" and not family.children(snapshot, table.name)


def _takes_its_place(action: Action, former: Constraint, snapshot: Snapshot) -> bool:
    if not isinstance(action.said, AddConstraint) or action.statement.directives:
        return False
    says = action.said.constraint
    if says.references is None or says.columns != former.columns:
        return False
    parent = snapshot.table(lookup.found(says.references, snapshot, action.statement.settings))
    return (
        parent is not None and parent.name == former.references and _is_alone(parent, snapshot)
    )


def actions(text: str) -> Actions:
    """What a foreign key does, by its definition or the statement that adds it."""
    said = text.rpartition(" REFERENCES ")[2]
    on = dict(_ACTION.findall(said))
    deferred = "INITIALLY DEFERRED" in said
    return Actions(
        delete=_LETTERS[on.get("DELETE", "NO ACTION")],
        update=_LETTERS[on.get("UPDATE", "NO ACTION")],
        deferrable=deferred or ("DEFERRABLE" in said and "NOT DEFERRABLE" not in said),
        deferred=deferred,
    )


def same_rows(former: Constraint, reference: Reference) -> bool:
    """Whether both accept the same rows."""
    return (
        former.referenced_columns == reference.referenced
        and ("MATCH FULL" in former.definition) is reference.match_full
        and "PERIOD " not in former.definition
    )


def exchange(place: Site, former: Constraint, add: RunSql, name: str, parent: Name) -> RunSql:
    """The step that adds it, which drops the former one first."""
    t, mode = Qualified(place.name), LockMode.ACCESS_EXCLUSIVE
    drop = emit.sql("ALTER TABLE {t} DROP CONSTRAINT {k}", t=t, k=Ident(former.name))
    another = former.name != name
    by = f" by {name}" if another else ""
    return replace(
        add,
        id=place.id(name, "exchange"),
        title=f"replace {former.name} of {place.name}{by}, for rows written from now on",
        sql=(drop, *add.sql),
        locks=unvalidated.both_locks(place, parent, mode, mode),
        probe=probes.probe(_done(place, former, name, actions(add.sql[0]))),
        undo=(
            *((unvalidated.drop_sql(place, name),) if another else ()),
            *restore_sql(place, former),
        ),
        undo_proof=prove_sql(place, former),
        reason="One transaction, so that no row is written or deleted without a foreign key;"
        " NOT VALID needs no scan.",
    )


def _done(place: Site, former: Constraint, name: str, does: Actions) -> str:
    if former.name == name:
        return probes.foreign_key(place.name, name, does)
    return probes.both(
        probes.constraint(place.name, name),
        probes.absent(probes.constraint(place.name, former.name)),
    )
