"""The views of a table that becomes the first partition: each must read the new table.

A view follows the table that it reads, not its name, and so would find the rows of the first
partition alone. CREATE OR REPLACE in the same transaction lets it read the new table, and keeps
its rights. Who reads a view locks it before its tables, so the view is locked first here, too:
the other way round each attempt would meet such a reader (measured 14, 18).
"""

from collections.abc import Iterator, Sequence

from zdm.model.plan import TableLock
from zdm.model.schema import View
from zdm.parse import emit
from zdm.parse.emit import Qualified
from zdm.recipes.object import views
from zdm.recipes.partition.wrapped import Wrapped

Problem = tuple[str, str]
_AWAY = "drop it in an earlier release, and make it again in a later one"


def problems(wrapped: Wrapped) -> Iterator[Problem]:
    """Those that would read the first partition alone, or be another view afterwards."""
    for view in wrapped.before.views:
        if not view.reads(wrapped.table):
            continue
        what = f"the {view.kind} {view.name}"
        if view.kind != "view":
            yield f"{what} reads the table itself, and not the new one", _AWAY
        elif view.options:
            yield f"{what} has options ({', '.join(view.options)}), which may be lost", _AWAY
        elif view not in wrapped.views:
            yield (
                f"{what} reads the table itself, and so the rows of {wrapped.table} that are"
                " there now, and no others",
                f"write `{' '.join(again(view).split())}` behind the CREATE TABLE",
            )


def first_sql(those: Sequence[View]) -> Iterator[str]:
    """Lock them before the table: these options are none of theirs, so nothing changes."""
    for view in sorted(those, key=lambda one: one.name):
        yield emit.sql("ALTER VIEW {v} RESET (security_barrier)", v=Qualified(view.name))


def again(view: View) -> str:
    """Its query as it was."""
    return views.again(view).rstrip(";")


def locks(those: Sequence[View]) -> tuple[TableLock, ...]:
    """Their readers wait."""
    return tuple(map(views.lock, those))
