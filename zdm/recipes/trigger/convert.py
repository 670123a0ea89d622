"""A trigger that gives new writes the value that a backfill is giving to old rows.

It is installed only while the backfill runs: without it the old version could write rows
that differ faster than batches find them. A row that is written meanwhile is treated as the
author's UPDATE would treat it at the end. A value that cannot be converted stays as it is,
and the backfill names it: an error in the trigger would fail the application's write.
"""

import hashlib

from msgspec import Struct

from zdm.model.expression import Feature
from zdm.model.plan import Assignment, Check
from zdm.model.sql import ident
from zdm.parse import expressions
from zdm.recipes.site import Site
from zdm.recipes.trigger import keep_old, row_trigger, zdm_trigger
from zdm.recipes.trigger.keep_old import Kept
from zdm.recipes.trigger.zdm_trigger import ZdmTrigger

_MAY_FAIL = frozenset({Feature.CALL, Feature.OPERATOR, Feature.CAST})
_TRY = "  BEGIN\n{body}  EXCEPTION WHEN data_exception THEN\n    NULL;\n  END;\n"


class Convert(Struct, frozen=True, kw_only=True):
    """Set these columns where `differs` is true; both over the row's columns by bare names."""

    assignments: tuple[Assignment, ...]
    differs: str

    @property
    def word(self) -> str:
        """What distinguishes it from other conversions of the same table."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:8]


def trigger_of(site: Site, convert: Convert) -> ZdmTrigger:
    """The trigger and its function, which is in the table's schema."""
    return zdm_trigger.of(site, "convert", convert.word)


def install_sql(site: Site, convert: Convert, kept: Kept | None = None) -> tuple[str, ...]:
    """Function and trigger; SHARE ROW EXCLUSIVE on the table. What keeps old values has its
    owner's rights, for the application has none to the side table."""
    trigger = trigger_of(site, convert)
    name, body = trigger.function, _body(site, convert, kept)
    said = (*(a.expression for a in convert.assignments), convert.differs)
    pinned = row_trigger.pins(site, *said)
    return (
        *(
            (row_trigger.function_sql(name, body, pinned),)
            if kept is None
            else row_trigger.owners_function_sql(name, body, pinned)
        ),
        row_trigger.trigger_sql(trigger.name, site.name, trigger.function),
        zdm_trigger.always_sql(trigger),
    )


def kept_by(site: Site, convert: Convert, key: tuple[str, ...]) -> Kept:
    """Where the values from before the conversion are kept, by the key of the table."""
    return Kept(
        site=site,
        key=tuple(site.table.require_column(name) for name in key),
        columns=tuple(site.table.require_column(a.column) for a in convert.assignments),
        word=convert.word,
    )


def enabled_check(site: Site, convert: Convert) -> Check:
    """The backfill's condition."""
    columns = ", ".join(a.column for a in convert.assignments)
    return zdm_trigger.enabled_check(
        zdm_trigger.installed(trigger_of(site, convert)),
        what=f"the trigger that converts {columns} of {site.name}",
        otherwise="left as they were",
    )


def _body(site: Site, convert: Convert, kept: Kept | None) -> str:
    table = site.table
    lines = "".join(
        f"    NEW.{ident(a.column)} := {row_trigger.of_new_row(a.expression, table)};\n"
        for a in convert.assignments
    )
    condition = row_trigger.of_new_row(convert.differs, table)
    if " THEN " in condition.upper():  # of a CASE, where plpgsql would end its IF
        condition = f"({condition})"
    work = f"  IF {condition} THEN\n{lines}  END IF;\n"
    if any(_may_fail(a.expression) for a in convert.assignments):
        work = _TRY.format(body=work)
    if kept is None:
        return f"\nBEGIN\n{work}  RETURN NEW;\nEND\n"
    keep = keep_old.statements(kept)
    return f"\n{keep_old.declarations(kept)}BEGIN\n{work}{keep}  RETURN NEW;\nEND\n"


def _may_fail(expression: str) -> bool:
    return bool(_MAY_FAIL & expressions.features(expressions.read(expression)))
