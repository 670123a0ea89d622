"""The wider columns, kept in sync one way, and filled.

An application knows the name of one column alone, so the other always follows it: before the
switch the wider one, and after it the narrow one. The trigger's text is the same for both. What
the narrow column cannot hold is an error of the trigger, as it was one of the column (22003),
and what it rounds is rounded in both, so until the contract both hold the same. The default of
a NOT NULL column is a constant, so that adding it does not rewrite the table (manual, ALTER
TABLE, Notes).
"""

from collections.abc import Iterable, Iterator

from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, Assignment, Backfill, Check, Phase, RunSql
from zdm.model.schema import Constraint
from zdm.model.sql import ident, literal, zdm_name
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified, TypeText
from zdm.recipes import cost, run_sql
from zdm.recipes.column import carry_dependents
from zdm.recipes.column.carry_dependents import Move
from zdm.recipes.constraint import breaking_rows, not_null
from zdm.recipes.index import walk_key
from zdm.recipes.sql import probes
from zdm.recipes.trigger import row_trigger, zdm_trigger
from zdm.recipes.type.shared_types import Kind
from zdm.recipes.widening.group import Wide, Wider
from zdm.schema import not_null_proof, type_names

_ZEROS = {Kind.WIDER: "0", Kind.SCALE: "0", Kind.SHORTER: "''", Kind.JSON: "'null'"}
_ZERO_CHARACTER = "\\u0000"
_SWITCHED = (
    "EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = TG_RELID"
    " AND a.attname = {name} AND pg_catalog.format_type(a.atttypid, a.atttypmod) = {type})"
)


def install(wide: Wide) -> RunSql:
    """Columns, their properties, function and trigger, in one transaction."""
    site = wide.site
    return run_sql.short_transaction(
        site,
        id=site.id(wide.columns[0].name, "beside"),
        phase=Phase.EXPAND,
        title=f"add {_listed(wide.names.values())} to {site.name}, kept in sync with"
        f" {_listed(wide.names)} by a trigger",
        sql=tuple(_install(wide)),
        locks=site.lock(LockMode.ACCESS_EXCLUSIVE),
        preconditions=(
            *(_holds(wide, check) for check in unvalidated(wide)),
            *(_converts(wide, wider) for wider in wide.columns if wider.kind is Kind.JSON),
        ),
        probe=probes.probe(_installed(wide)),
        undo=(
            *zdm_trigger.drop_sql(wide.trigger),
            *(
                emit.sql(
                    "ALTER TABLE {t} DROP COLUMN IF EXISTS {c}",
                    t=Qualified(site.name),
                    c=Ident(wider.beside),
                )
                for wider in wide.columns
            ),
        ),
        serves=BOTH,
        reason="Columns, function and trigger in one transaction, so no row can be written in"
        " between with a value in only one of two columns.",
    )


def unvalidated(wide: Wide) -> tuple[Constraint, ...]:
    """Checks of the table that are NOT VALID: an UPDATE of a row that breaks one fails."""
    checks = (c for c in wide.table.constraints if c.kind == "check" and not c.validated)
    return tuple(c for c in checks if " NOT ENFORCED" not in c.definition)


def _holds(wide: Wide, check: Constraint) -> Check:
    text = not_null_proof.text(check.definition)
    return breaking_rows.none(
        wide.table,
        f"({text}) IS FALSE",
        failure=f"rows of {wide.site.name} violate the check {check.name}, which is NOT VALID,"
        " so they cannot be filled",
        hint="correct these rows, or drop the check in an earlier release",
    )


def _converts(wide: Wide, wider: Wider) -> Check:
    r"""jsonb has no \u0000; text shows it as it was written."""
    name = f"{wide.site.name}.{wider.name}"
    return breaking_rows.none(
        wide.table,
        f"pg_catalog.strpos(CAST({ident(wider.name)} AS text), {literal(_ZERO_CHARACTER)}) > 0",
        failure=f"rows of {name} have the character {_ZERO_CHARACTER}, which jsonb refuses",
        hint="remove it from these rows, and let the application write it no more",
    )


def _install(wide: Wide) -> Iterator[str]:
    site, trigger = wide.site, wide.trigger
    for wider in wide.columns:
        yield from _add(wide, wider)
    for wider in wide.columns:
        yield from carry_dependents.properties(
            Move(site=site, old=wider.name, new=wider.beside)
        )
    yield row_trigger.function_sql(trigger.function, _body(wide))
    yield row_trigger.trigger_sql(
        trigger.name, site.name, trigger.function, _differs(wide, "NEW.")
    )
    yield zdm_trigger.always_sql(trigger)


def _add(wide: Wide, wider: Wider) -> Iterator[str]:
    """The constraint of a NOT NULL one gets a name of zdm's own on 18. The default is for the
    rows that are there; the trigger gives all others their values."""
    filled = wider.column.not_null
    named = not_null.constraint_of(wide.table, wider.name)
    name = "" if named is None else f"CONSTRAINT {ident(zdm_name(named.name))} "
    table, column = Qualified(wide.site.name), Ident(wider.beside)
    yield emit.sql(
        "ALTER TABLE {t} ADD COLUMN {c} {type}"
        + f" {name}NOT NULL DEFAULT {_ZEROS[wider.kind]}" * filled,
        t=table,
        c=column,
        type=TypeText(wider.type),
    )
    if filled:
        yield emit.sql("ALTER TABLE {t} ALTER COLUMN {c} DROP DEFAULT", t=table, c=column)


def _body(wide: Wide) -> str:
    """After the switch a value of the narrow column came by its position in an INSERT: nobody
    knows its name, and it has no default. The wider one has its own default then, or NULL."""
    lines = "".join(map(_follows, wide.columns))
    taken = "".join(_by_position(wider) for wider in wide.columns)
    return (
        "\nBEGIN\n"
        f"  IF TG_OP = 'INSERT' AND {_is_switched(wide)} THEN\n{taken}  END IF;\n"
        f"{lines}  RETURN NEW;\nEND\n"
    )


def _is_switched(wide: Wide) -> str:
    """A value has the type, but not its modifiers: these are in the catalog, which is asked
    only where a value came by its position."""
    first = wide.columns[0]
    name = type_names.split(first.type)[0]
    if name != type_names.split(first.column.type)[0]:
        typed = f"'{name}'::pg_catalog.regtype"
        return f"pg_catalog.pg_typeof(NEW.{ident(first.name)}) = {typed}"
    given = " OR ".join(f"NEW.{ident(wider.beside)} IS NOT NULL" for wider in wide.columns)
    asked = _SWITCHED.format(name=literal(first.name), type=literal(first.type))
    return f"({given}) AND {asked}"


def _follows(wider: Wider) -> str:
    """What the one column rounds is read back, so that the other holds it, too."""
    own, other = f"NEW.{ident(wider.name)}", f"NEW.{ident(wider.beside)}"
    back = f"  {own} := {other};\n" if wider.kind is Kind.SCALE else ""
    return f"  {other} := {own};\n{back}"


def _by_position(wider: Wider) -> str:
    """Where the column has no default, one that is not NULL was given as well, with a whole
    row, and counts."""
    own, other = f"NEW.{ident(wider.name)}", f"NEW.{ident(wider.beside)}"
    given = wider.column.default is not None or wider.column.identity
    left = "" if given else f" AND {own} IS NULL"
    return f"    IF {other} IS NOT NULL{left} THEN\n      {own} := {other};\n    END IF;\n"


def _differs(wide: Wide, record: str = "") -> str:
    """The two columns of a row differ; true of neither form of it before and after the
    switch."""
    return " OR ".join(
        f"{_compared(wider, record + ident(wider.beside))} IS DISTINCT FROM"
        f" {_compared(wider, record + ident(wider.name))}"
        for wider in wide.columns
    )


def _compared(wider: Wider, value: str) -> str:
    """json has no equality, and that of jsonb takes 1.0 and 1.00 for the same."""
    return f"CAST(CAST({value} AS jsonb) AS text)" if wider.kind is Kind.JSON else value


def _installed(wide: Wide) -> str:
    found = [probes.column(wide.site.name, wider.beside) for wider in wide.columns]
    return probes.both(*found, zdm_trigger.installed(wide.trigger))


def fill(wide: Wide) -> Backfill:
    """Every row that differs gets its value; run again it changes nothing."""
    site = wide.site
    return Backfill(
        id=site.id(wide.columns[0].name, "fill"),
        operation=site.operation,
        phase=Phase.BACKFILL,
        title=f"fill {_listed(wide.names.values())} of {site.name}",
        table=site.name,
        key=walk_key.walk(site.table),
        assignments=tuple(
            Assignment(column=wider.beside, expression=ident(wider.name))
            for wider in wide.columns
        ),
        differs=_differs(wide),
        synced=True,
        preconditions=(
            zdm_trigger.enabled_check(
                _installed(wide),
                what=f"the trigger that keeps {_listed(wide.names)} of {site.name} in sync",
                otherwise="lost",
            ),
        ),
        undo=(),  # the step that added the columns drops them
        serves=BOTH,
        reason="The trigger keeps newly written rows in sync; batches write the others, each"
        " only if it still differs.",
        origin=site.origin,
        cost=cost.rewrite_rows(site.table),
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
