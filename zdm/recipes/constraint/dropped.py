"""A CHECK or foreign key of the Snapshot: the way back to it, and whether rows break it."""

from collections.abc import Iterator

from zdm.model.plan import Check
from zdm.model.schema import Constraint
from zdm.parse import emit, expressions, rewrite
from zdm.parse.emit import Constant, Ident, Qualified
from zdm.recipes.constraint import breaking_rows, compared, references, unvalidated
from zdm.recipes.constraint.references import Reference
from zdm.recipes.site import Site
from zdm.schema import not_null_proof


def restore_sql(site: Site, constraint: Constraint) -> Iterator[str]:
    """Statements that make it again, whether it is there or not."""
    yield unvalidated.drop_sql(site, constraint.name)
    yield rewrite.add_constraint(constraint.definition, site.name, constraint.name)
    if constraint.comment is not None:
        yield emit.sql(
            "COMMENT ON CONSTRAINT {k} ON {t} IS {text}",
            k=Ident(constraint.name),
            t=Qualified(site.name),
            text=Constant(constraint.comment),
        )


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
