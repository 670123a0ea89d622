"""A trigger that gives new writes the value that a backfill is giving to old rows.

It stands only while the backfill runs: without it the old version could go on writing rows
that differ faster than batches find them. A row that is written meanwhile is treated as the
author's UPDATE would treat it at the end. A value that cannot be converted stays as it is,
and the backfill names it: an error in the trigger would fail the application's write.
"""

import hashlib
from dataclasses import dataclass

from zdm.model.plan import Assignment, Check
from zdm.model.schema import Name
from zdm.model.sql import ident, zdm_name
from zdm.parse import emit, trees
from zdm.parse.emit import Ident, Qualified
from zdm.recipes.site import Site
from zdm.recipes.sql import expressions, probes
from zdm.recipes.trigger.fill_nulls import TRIGGER_PREFIX

_MAY_FAIL = ("FuncCall", "A_Expr", "TypeCast")
_TRY = "  BEGIN\n{body}  EXCEPTION WHEN data_exception THEN\n    NULL;\n  END;\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Convert:
    """Set these columns where `differs` is true; both over the row's columns by bare names."""

    assignments: tuple[Assignment, ...]
    differs: str

    @property
    def word(self) -> str:
        """What tells it from other conversions of the same table."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:8]


def function_name(site: Site, convert: Convert) -> Name:
    """The trigger's function, in the table's schema."""
    return site.beside(zdm_name("convert", site.name.name, convert.word))


def trigger_name(convert: Convert) -> str:
    """The trigger, which fires after those of the author."""
    return zdm_name("convert", convert.word, prefix=TRIGGER_PREFIX)


def install_sql(site: Site, convert: Convert) -> tuple[str, ...]:
    """Function and trigger; SHARE ROW EXCLUSIVE on the table."""
    function = function_name(site, convert)
    return (
        expressions.trigger_function(function, _body(site, convert), site.settings),
        expressions.row_trigger(trigger_name(convert), site.name, function),
    )


def remove_sql(site: Site, convert: Convert) -> tuple[str, ...]:
    """Trigger and function go together; ACCESS EXCLUSIVE on the table."""
    return (
        emit.sql(
            "DROP TRIGGER IF EXISTS {g} ON {t}",
            g=Ident(trigger_name(convert)),
            t=Qualified(site.name),
        ),
        emit.sql("DROP FUNCTION IF EXISTS {f}()", f=Qualified(function_name(site, convert))),
    )


def installed(site: Site, convert: Convert) -> str:
    """A SELECT: function and trigger are there, and the trigger is enabled."""
    return probes.both(
        probes.function(function_name(site, convert)),
        probes.trigger(site.name, trigger_name(convert)),
    )


def stands(site: Site, convert: Convert) -> Check:
    """The backfill's condition: without the trigger it would leave rows written meanwhile."""
    columns = ", ".join(a.column for a in convert.assignments)
    return Check(
        sql=installed(site, convert),
        failure=f"the trigger that converts {columns} of {site.name} is missing or disabled,"
        " so rows written meanwhile would be left as they were",
        hint="run the expand phase again, or enable the trigger",
    )


def removed(site: Site, convert: Convert) -> str:
    """A SELECT: neither function nor trigger is there."""
    return probes.both(
        probes.absent(probes.function(function_name(site, convert))),
        probes.absent(probes.trigger_exists(site.name, trigger_name(convert))),
    )


def _body(site: Site, convert: Convert) -> str:
    table = site.table
    lines = "".join(
        f"    NEW.{ident(a.column)} := {expressions.of_new_row(a.expression, table)};\n"
        for a in convert.assignments
    )
    condition = expressions.of_new_row(convert.differs, table)
    work = f"  IF {condition} THEN\n{lines}  END IF;\n"
    if any(_may_fail(a.expression) for a in convert.assignments):
        work = _TRY.format(body=work)
    return f"\nBEGIN\n{work}  RETURN NEW;\nEND\n"


def _may_fail(expression: str) -> bool:
    return any(
        key in _MAY_FAIL for key, _ in trees.walk({"root": trees.expression(expression)})
    )
