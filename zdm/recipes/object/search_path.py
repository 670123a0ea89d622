"""The search_path of a new trigger function that names things without their schema.

The author's function looks them up by the search_path of the session that writes. Before the
change no session of the old version needed one that finds them, so until that version is gone
the function has SET search_path, with pg_temp last (manual, CREATE FUNCTION), and what it finds
is what every session means whose search_path finds anything: each name is there once only. In
the end it is as its author wrote it.
"""

from collections.abc import Iterator

from msgspec import Struct

from zdm.model.operation import Context
from zdm.model.plan import NEW_ONLY, Irreversible, Phase, RunSql
from zdm.model.schema import Function, Name, Snapshot, Table
from zdm.model.statement import Setting
from zdm.parse import emit
from zdm.parse.emit import Constant, Idents, Qualified
from zdm.recipes import run_sql
from zdm.recipes.object import triggers
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import routines, type_names

_REMEDY = "write the schema before each name in the function, or give it SET search_path"
_LEFT = (
    "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_proc AS p,"
    " pg_catalog.unnest(p.proconfig) AS s(setting)"
    " WHERE p.oid = pg_catalog.to_regprocedure({f})"
    " AND pg_catalog.starts_with(s.setting, 'search_path='))"
)


class Fixed(Struct, frozen=True, kw_only=True):
    """The function, the schemas in which it finds all that it names, and one of the names."""

    function: Name
    schemas: tuple[str, ...]
    named: str

    @property
    def sql(self) -> str:
        """Give it the search_path. An undo drops the function, which the train makes."""
        return emit.sql(
            "ALTER FUNCTION {f}() SET search_path = {path}",
            f=Qualified(self.function),
            path=Idents((*self.schemas, "pg_temp")),
        )

    @property
    def risk(self) -> tuple[str, str]:
        """What the author's function does in the end."""
        path = ", ".join((*self.schemas, "pg_temp"))
        return (
            f"{self.function} names {self.named} without its schema, so until the old version"
            f" is gone it has SET search_path = {path}; from then on writes of a session with"
            " another search_path may fail",
            _REMEDY,
        )

    def steps(
        self, operation: str, context: Context, settings: tuple[Setting, ...]
    ) -> tuple[RunSql, ...]:
        """At the end, when only the new version is left."""
        reset = "ALTER FUNCTION {f}() RESET search_path"
        left = emit.sql(_LEFT, f=Constant(f"{self.function.sql}()"))
        return (
            run_sql.short_transaction(
                Owned(operation=operation, origin=context.origin),
                id=f"{self.function}-search-path",
                phase=Phase.DROP,
                title=f"let {self.function} use the search_path of the session",
                sql=(emit.sql(reset, f=Qualified(self.function)),),
                settings=settings,
                locks=(),
                probe=probes.probe(left),
                undo=Irreversible(
                    reason="a rollback starts the old version first, whose sessions may have"
                    " another search_path"
                ),
                serves=NEW_ONLY,
                reason="The function is then as its author wrote it.",
            ),
        )


def found_by_session(function: Name, named: str) -> tuple[str, str]:
    """What a function does that only the new version's writes run."""
    return (
        f"{function} names {named} without its schema, so from the contract on writes of a"
        " session with another search_path may fail",
        _REMEDY,
    )


def fixed(
    runs: Name, named: str, snapshot: Snapshot, settings: tuple[Setting, ...]
) -> Fixed | None:
    """The same for a function that this train makes; None where it is in use already, or what
    it names is not certain."""
    own = [f for f in snapshot.functions if f.name == runs]
    if len(own) != 1 or not own[0].created or own[0].arguments:
        return None
    path = type_names.path(snapshot, settings)
    schemas = tuple(s for s in path if s in snapshot.schemas and s != type_names.CATALOG)
    met = {name: None for f in _all(own, snapshot) for name in triggers.bare(f, snapshot)}
    if not all(_is_one(name, snapshot, schemas) for name in met):
        return None
    return Fixed(function=runs, schemas=schemas, named=named)


def _all(first: list[Function], snapshot: Snapshot) -> tuple[Function, ...]:
    """All functions that may run in it, those of triggers that its writes fire among them."""
    found: dict[Function, None] = {}
    left = [f.name for f in first]
    while left:
        new = [f for f in routines.reached(snapshot, left) if f not in found]
        found |= dict.fromkeys(new)
        left = [
            t.function for f in new for table in _named(f, snapshot) for t in table.triggers
        ]
        left = [name for name in left if all(f.name != name for f in found)]
    return tuple(found)


def _named(function: Function, snapshot: Snapshot) -> Iterator[Table]:
    words = routines.body_names(function)
    return (table for table in snapshot.tables if table.name.name in words)


def _is_one(name: str, snapshot: Snapshot, schemas: tuple[str, ...]) -> bool:
    """Whether it is there once, in one of the schemas."""
    found = {n.schema for n in triggers.things(snapshot) if n.name == name}
    return len(found) == 1 and found <= {*schemas}
