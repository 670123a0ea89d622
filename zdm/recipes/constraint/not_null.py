"""Make a column NOT NULL without a scan under ACCESS EXCLUSIVE.

SET NOT NULL scans the table under its lock unless a validated CHECK proves it (PostgreSQL 12
and later); the proof must be dropped in its own statement, for in the same ALTER TABLE it does
not count (measured 12-18). From 18 on a NOT NULL constraint can itself be added NOT VALID;
that way is taken where the constraint gets the name the plain migration leaves.

A CHECK that is NOT VALID already rejects new NULLs, also in updates of other columns: rows
must be filled, and both versions must write no NULL, before these steps.
"""

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, NEW_ONLY, Check, Phase, RunSql, Side
from zdm.model.schema import Constraint, Table
from zdm.model.sql import ident, zdm_name
from zdm.parse import emit, expressions
from zdm.parse.emit import Constant, Expression, Ident, Qualified
from zdm.parse.readers import nulls
from zdm.recipes import cost, run_sql
from zdm.recipes.site import Site
from zdm.recipes.sql import null_test, probes
from zdm.schema import family, generated_names, not_null_proof

NAMED_FROM = 18  # NOT NULL constraints with a name that can be NOT VALID


class Named(Struct, frozen=True, kw_only=True):
    """The NOT NULL constraint that the plain migration leaves on 18 and later; without a name
    it has the one that SET NOT NULL chooses."""

    name: str = ""
    no_inherit: bool = False
    validated: bool = True

    @property
    def properties(self) -> str:
        """What follows its column."""
        return " NO INHERIT" * self.no_inherit


PLAIN = Named()


def named(constraint: Constraint | None) -> Named:
    """One like that of another column; its name is given to it at the end."""
    if constraint is None:
        return PLAIN
    return Named(no_inherit=_is_no_inherit(constraint), validated=constraint.validated)


def constraint_of(table: Table, column: str) -> Constraint | None:
    """The column's NOT NULL constraint, on 18 and later."""
    every = (c for c in table.constraints if c.kind == "not null")
    return next((c for c in every if c.columns == (column,)), None)


def prove(
    site: Site,
    column: str,
    *,
    serves: frozenset[Side] = BOTH,
    phase: Phase = Phase.VALIDATE,
    wanted: Named = PLAIN,
) -> tuple[RunSql, ...]:
    """The steps; only the last one validates, so it is left out for what is NOT VALID."""
    pending = not_null_proof.unvalidated(site.table, column)
    if pending is not None:
        proof = validate(site, pending.name, serves=serves, phase=phase)
        return (replace(proof, undo=restore_sql(site, column)),)
    if site.major >= NAMED_FROM:
        kept = replace(wanted, name=wanted.name or final_name(site, column))
        return _named(site, column, kept, serves, phase)
    return _checked(site, column, serves, phase)


def by_proof(major: int) -> str:
    """How it is proved, in words."""
    how = "NOT NULL constraint" if major >= NAMED_FROM else "CHECK"
    return f"a {how} that is NOT VALID, then VALIDATE, which blocks nothing,"


def tighten(site: Site, column: str, *, hint: str, wanted: Named = PLAIN) -> tuple[RunSql, ...]:
    """The same once the old version is gone, which may write NULL until then."""
    first, *rest = prove(site, column, serves=NEW_ONLY, phase=Phase.CONTRACT, wanted=wanted)
    none = _no_nulls(
        site,
        column,
        failure=f"{site.name}.{column} holds NULLs, so it cannot become NOT NULL",
        hint=f"fill them: {hint}",
    )
    return (replace(first, preconditions=(none,)), *rest)


def stops(name: str, fill: str) -> tuple[str, str]:
    """The hazard of it."""
    return (
        f"`{fill}` may be NULL: such a row stays NULL in {name}, and stops the contract before"
        " its point of no return",
        "make it a value for every row, for example with coalesce",
    )


def always_given(expression: str, table: Table) -> bool:
    """Whether it is a value in every row that the table takes."""
    there = {c.name for c in table.columns if c.not_null and not c.type.startswith("json")}
    return nulls.never(expressions.read(expression), frozenset(there))


def restore_sql(site: Site, column: str) -> tuple[str, ...]:
    """Statements that give the column back the NOT NULL that the table's Snapshot has, whether
    it is there or not."""
    t, c, there = Qualified(site.name), Ident(column), constraint_of(site.table, column)
    if there is None or _is_default(site, there):
        return (emit.sql("ALTER TABLE {t} ALTER COLUMN {c} SET NOT NULL", t=t, c=c),)
    return _named_again(site, column, there, later=False)


def _named_again(site: Site, column: str, there: Constraint, *, later: bool) -> tuple[str, ...]:
    """`later`: NOT VALID, to be validated."""
    unproved = later or not there.validated
    ending = named(there).properties + (" NOT VALID" if unproved else "")
    t, c, k = Qualified(site.name), Ident(column), Ident(there.name)
    found = [
        _drop_if_exists(site, there.name),
        emit.sql(
            f"ALTER TABLE {{t}} ADD CONSTRAINT {{k}} NOT NULL {{c}}{ending}", t=t, k=k, c=c
        ),
    ]
    if there.comment is not None:
        text = Constant(there.comment)
        found.append(
            emit.sql("COMMENT ON CONSTRAINT {k} ON {t} IS {text}", k=k, t=t, text=text)
        )
    return tuple(found)


def restore(site: Site, column: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The same, and behind it what proves it without a scan under a lock that blocks."""
    there = constraint_of(site.table, column)
    alone = family.around(site.snapshot, site.name) == (site.name,)
    if not alone or (there is None) is (site.major >= NAMED_FROM):
        return restore_sql(site, column), ()
    if there is not None:
        return _restore_named(site, column, there)
    t, c = Qualified(site.name), Ident(column)
    check = zdm_name(site.name.name, column, "not_null")
    declare = emit.sql("ALTER TABLE {t} ALTER COLUMN {c} SET NOT NULL", t=t, c=c)
    drop = _drop_if_exists(site, check)
    return (drop, _add_check(site, column, check)), (_validate(site, check), declare, drop)


def _restore_named(
    site: Site, column: str, there: Constraint
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    again = _named_again(site, column, there, later=there.validated)
    return again, (_validate(site, there.name),) if there.validated else ()


def restorable(site: Site, column: str) -> tuple[Check, ...]:
    """That no row holds NULL, or the undo of DROP NOT NULL would fail. Under forced row
    security only SET NOT NULL itself sees every row."""
    if site.table.row_security == "forced":
        return ()
    name = f"{site.name}.{column}"
    return (
        _no_nulls(
            site,
            column,
            failure=f"{name} holds NULLs, so dropping its NOT NULL cannot be undone",
            hint=f"set {column} to a value WHERE {column} IS NULL, then run `zdm rollback`"
            " again",
        ),
    )


def _no_nulls(site: Site, column: str, *, failure: str, hint: str) -> Check:
    found = null_test.is_null(ident(column), site.table.require_column(column), site.snapshot)
    return Check(
        sql=emit.sql(
            "SELECT NOT EXISTS (SELECT 1 FROM {t} WHERE {c})",
            t=Qualified(site.name),
            c=Expression(found),
        ),
        failure=failure,
        hint=hint,
    )


def _is_no_inherit(constraint: Constraint) -> bool:
    return " NO INHERIT" in constraint.definition


def _is_default(site: Site, constraint: Constraint) -> bool:
    """Whether SET NOT NULL would make the same."""
    others = generated_names.taken(site.snapshot, site.name.schema) - {constraint.name}
    name = generated_names.chosen(site.name, constraint.columns, "not_null", others)
    plain = constraint.validated and not _is_no_inherit(constraint)
    return plain and constraint.name == name and constraint.comment is None


def final_name(site: Site, column: str) -> str:
    """The name that SET NOT NULL gives the constraint on 18 and later."""
    taken = generated_names.taken(site.snapshot, site.name.schema)
    return generated_names.chosen(site.name, (column,), "not_null", taken)


def _checked(
    site: Site, column: str, serves: frozenset[Side], phase: Phase
) -> tuple[RunSql, ...]:
    check = zdm_name(site.name.name, column, "not_null")
    add = run_sql.short_transaction(
        site,
        id=site.id(column, "check"),
        phase=phase,
        title=f"reject new NULLs in {site.name}.{column}",
        sql=(_add_check(site, column, check),),
        locks=site.lock_below(LockMode.ACCESS_EXCLUSIVE),
        probe=probes.probe(probes.constraint(site.name, check)),
        undo=(_drop_if_exists(site, check),),
        serves=serves,
        reason="A CHECK that is NOT VALID needs no scan; it applies to every row written from"
        " now on.",
    )
    proof = validate(site, check, serves=serves, phase=phase)
    declare = replace(_declare(site, column, check), serves=serves, phase=phase)
    return (add, proof, declare)


def _add_check(site: Site, column: str, check: str) -> str:
    found = site.table.require_column(column)
    return emit.sql(
        "ALTER TABLE {t} ADD CONSTRAINT {k} CHECK ({c}) NOT VALID",
        t=Qualified(site.name),
        c=Expression(null_test.is_given(ident(column), found, site.snapshot)),
        k=Ident(check),
    )


def _declare(site: Site, column: str, check: str) -> RunSql:
    """SET NOT NULL, which the validated CHECK proves; then the CHECK is not needed."""
    t, c, k = Qualified(site.name), Ident(column), Ident(check)
    return run_sql.short_transaction(
        site,
        id=site.id(column, "set-not-null"),
        phase=Phase.VALIDATE,
        title=f"make {site.name}.{column} NOT NULL",
        sql=(
            emit.sql("ALTER TABLE {t} ALTER COLUMN {c} SET NOT NULL", t=t, c=c),
            emit.sql("ALTER TABLE {t} DROP CONSTRAINT {k}", t=t, k=k),
        ),
        locks=site.lock_below(LockMode.ACCESS_EXCLUSIVE),
        probe=probes.probe(
            probes.both(
                probes.column_not_null(site.name, column),
                probes.absent(probes.constraint(site.name, check)),
            )
        ),
        undo=(emit.sql("ALTER TABLE {t} ALTER COLUMN {c} DROP NOT NULL", t=t, c=c),),
        serves=BOTH,
        reason="The validated CHECK proves it, so SET NOT NULL does not scan; the CHECK is"
        " dropped in a separate statement, otherwise it would not count.",
    )


def _named(
    site: Site, column: str, wanted: Named, serves: frozenset[Side], phase: Phase
) -> tuple[RunSql, ...]:
    add = run_sql.short_transaction(
        site,
        id=site.id(column, "not-null"),
        phase=phase,
        title=f"reject new NULLs in {site.name}.{column}",
        sql=(
            emit.sql(
                "ALTER TABLE {t} ADD CONSTRAINT {k} NOT NULL {c}"
                f"{wanted.properties} NOT VALID",
                t=Qualified(site.name),
                c=Ident(column),
                k=Ident(wanted.name),
            ),
        ),
        locks=site.lock_below(LockMode.ACCESS_EXCLUSIVE),
        probe=probes.probe(probes.constraint(site.name, wanted.name)),
        undo=(_drop_if_exists(site, wanted.name),),
        serves=serves,
        reason="A NOT NULL constraint that is NOT VALID needs no scan (PostgreSQL 18); it"
        " applies to every row written from now on.",
    )
    if not wanted.validated:
        return (add,)
    return (add, validate(site, wanted.name, serves=serves, phase=phase))


def _drop_if_exists(site: Site, constraint: str) -> str:
    return emit.sql(
        "ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {k}",
        t=Qualified(site.name),
        k=Ident(constraint),
    )


def _validate(site: Site, name: str) -> str:
    return emit.sql(
        "ALTER TABLE {t} VALIDATE CONSTRAINT {k}", t=Qualified(site.name), k=Ident(name)
    )


def validate(
    site: Site,
    name: str,
    *,
    serves: frozenset[Side] = BOTH,
    phase: Phase = Phase.VALIDATE,
) -> RunSql:
    """VALIDATE a constraint: a scan that blocks neither reads nor writes."""
    return run_sql.full_scan(
        site,
        id=site.id(name, "validate"),
        phase=phase,
        title=f"validate {name} on {site.name}",
        sql=(_validate(site, name),),
        locks=site.lock_below(LockMode.SHARE_UPDATE_EXCLUSIVE),
        probe=probes.probe(probes.constraint_valid(site.name, name)),
        undo=(),  # the undo of the step before it drops the constraint
        serves=serves,
        reason="Reads every row under SHARE UPDATE EXCLUSIVE, which blocks neither reads nor"
        " writes.",
        cost=cost.scan(site.table),
    )
