"""The way back of a dropped CHECK or foreign key, which fails where rows break it by then."""

from collections.abc import Iterator

from zdm.model.plan import Check
from zdm.model.schema import Constraint
from zdm.parse import emit, expressions, rewrite
from zdm.parse.emit import Constant, Ident, Qualified
from zdm.recipes.constraint import breaking_rows, references, unvalidated
from zdm.recipes.constraint.references import Reference
from zdm.recipes.site import Site
from zdm.schema import not_null_proof

_HINT = "correct them, then run `zdm rollback` again"


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
    """That no row breaks it; nothing where it is not looked at, or where row security hides
    rows from everything but the constraint itself."""
    if not constraint.validated or site.table.row_security == "forced":
        return ()
    if constraint.kind == "check":
        return tuple(_holds(site, constraint))
    return tuple(_no_orphans(site, constraint))


def _failure(site: Site, constraint: Constraint) -> str:
    return (
        f"rows of {site.name} break {constraint.kind} {constraint.name}, so dropping it cannot"
        " be undone"
    )


def _holds(site: Site, constraint: Constraint) -> Iterator[Check]:
    condition = not_null_proof.condition(constraint.definition)
    if condition is None:
        return
    known = {column.name for column in site.table.columns}
    if not known.issuperset(expressions.columns(condition)):
        return  # it is about the whole row
    yield breaking_rows.none(
        site.table,
        f"({expressions.bare(condition)}) IS FALSE",
        failure=_failure(site, constraint),
        hint=_HINT,
        only="NO INHERIT" in constraint.definition,
    )


def _no_orphans(site: Site, constraint: Constraint) -> Iterator[Check]:
    parent = constraint.references and site.snapshot.table(constraint.references)
    if not parent or "PERIOD " in constraint.definition:
        return
    reference = Reference(
        columns=constraint.columns,
        parent=parent.name,
        referenced=constraint.referenced_columns,
        match_full=" MATCH FULL" in constraint.definition,
    )
    yield references.no_orphans(
        site.table, parent, reference, failure=_failure(site, constraint), hint=_HINT
    )
