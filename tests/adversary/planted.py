"""Six faults of the kinds that random worlds must find, planted back one at a time.

Each replaces what zdm does today by what it once did, with a world that shows the difference:

python -m tests.adversary.planted --major 18 --within 500
"""

import argparse
import multiprocessing
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from types import ModuleType
from typing import Any

from tests import scratch
from tests.adversary import workers
from tests.adversary.record import Record
from tests.adversary.workers import Job
from tests.adversary.world import APP, Change, Column, Table, World
from zdm.model.schema import Column as Described
from zdm.model.schema import Snapshot
from zdm.planning import walk
from zdm.planning.order import fills
from zdm.postgres.session import pins, unseen_rows
from zdm.recipes.column import carry_dependents, refusing
from zdm.recipes.trigger import row_trigger, sync


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One fault: `changes` are attributes of modules and what they become."""

    kind: str  # as in the list of what was found
    what: str
    changes: tuple[tuple[ModuleType, str, object], ...]
    shows: World

    @contextmanager
    def there(self) -> Iterator[None]:
        """Planted for this block."""
        before = [(module, name, getattr(module, name)) for module, name, _ in self.changes]
        for module, name, value in self.changes:
            setattr(module, name, value)
        try:
            yield
        finally:
            for module, name, value in before:
                setattr(module, name, value)


def _nothing(*_: object) -> tuple[()]:
    return ()


def _no_pins(*_: object) -> row_trigger.Pins:
    return row_trigger.NONE


def _not_refused(*_: object) -> None:
    return None


def _equal(left: str, right: str, _column: Described, _snapshot: Snapshot) -> str:
    return f"{left} IS DISTINCT FROM {right}"


_UNPINNED = {k: v for k, v in pins._PINNED.items() if k != "row_security"}
_GRANT = f"GRANT SELECT, INSERT, UPDATE, DELETE ON public.t TO {APP};"
_KEY = Column(name="id", kind="integer", rest="PRIMARY KEY", distinct=True)


def _table(
    *columns: Column,
    value: str = "'A{n}'",
    extras: tuple[str, ...] = (),
    grants: tuple[str, ...] = (_GRANT,),
) -> Table:
    """`t` with a key and twenty rows that have the value in each column; `{n}` is the row."""
    return Table(
        name="t",
        columns=(_KEY, *columns),
        rows=tuple((str(n), *[value.format(n=n)] * len(columns)) for n in range(1, 21)),
        extras=extras,
        grants=grants,
    )


def _world(table: Table, *migration: str, **more: Any) -> World:
    change = Change(slug="planted", sql=migration)
    return World(seed=1, major=18, tables=(table,), changes=(change,), **more)


_A, _B = Column(name="a", kind="text"), Column(name="b", kind="text")
FAULTS = (
    Planted(
        kind="session",
        what="an expression in a trigger is read under the application's search_path",
        changes=((row_trigger, "pins", _no_pins),),
        shows=_world(
            _table(_A),
            "ALTER TABLE public.t ADD COLUMN b text;",
            "UPDATE public.t SET b = norm(a);",
            extras=(
                "CREATE FUNCTION public.norm(text) RETURNS text LANGUAGE sql IMMUTABLE"
                " AS 'SELECT lower($1)';",
            ),
            settings={"search_path": "pg_catalog"},
        ),
    ),
    Planted(
        kind="unseen-rows",
        what="row security hides rows from a fill, and the rows of children are left out",
        changes=((unseen_rows, "refusal", _not_refused), (pins, "_PINNED", _UNPINNED)),
        shows=_world(
            _table(
                _A,
                extras=(
                    f"CREATE POLICY everyone ON public.t TO {APP} USING (true);",
                    "ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;",
                    "ALTER TABLE public.t FORCE ROW LEVEL SECURITY;",
                ),
            ),
            "ALTER TABLE public.t RENAME COLUMN a TO b;",
        ),
    ),
    Planted(
        kind="refuses-new-version",
        what="a unique index or a CHECK refuses rows without the column that is dropped",
        changes=((refusing, "unique", _nothing), (refusing, "checks", _nothing)),
        shows=_world(
            _table(
                Column(name="a", kind="text", rest="DEFAULT 'x'", distinct=True),
                _B,
                extras=("CREATE UNIQUE INDEX ON public.t (a);",),
            ),
            "ALTER TABLE public.t DROP COLUMN a;",
        ),
    ),
    Planted(
        kind="hidden-references",
        what="the grants of a column are not carried to the one in its place",
        changes=((carry_dependents, "_grants", _nothing),),
        shows=_world(
            _table(
                _A,
                grants=(
                    f"GRANT SELECT, DELETE ON public.t TO {APP};",
                    f"GRANT INSERT (id, a), UPDATE (id, a) ON public.t TO {APP};",
                ),
            ),
            "ALTER TABLE public.t RENAME COLUMN a TO b;",
        ),
    ),
    Planted(
        kind="values",
        what="values are compared by IS DISTINCT FROM, which json has not and numeric blurs",
        changes=((sync, "is_distinct", _equal),),
        shows=_world(
            _table(Column(name="a", kind="json"), value="'[{n}]'"),
            "ALTER TABLE public.t RENAME COLUMN a TO b;",
        ),
    ),
    Planted(
        kind="order",
        what="two fills of one table work side by side, each on what the other one writes",
        changes=((fills, "conflicts", _nothing), (walk, "conflicts", _nothing)),
        shows=_world(
            _table(_A, _B),
            "UPDATE public.t SET b = a WHERE b IS DISTINCT FROM a;",
            "UPDATE public.t SET a = 'x' || id WHERE a LIKE 'A%';",
        ),
    ),
)


def tried(asked: tuple[Job, str]) -> Record:
    """A world, with that fault planted."""
    job, kind = asked
    fault = next(one for one in FAULTS if one.kind == kind)
    with fault.there():
        return workers.one(job)


def main() -> int:
    """Say how many worlds each took; 1 if one is not found."""
    parser = argparse.ArgumentParser(prog="tests.adversary.planted")
    parser.add_argument("--within", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--major", type=int, default=18)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    with scratch.in_memory():
        found = [(fault, _found(fault, asked)) for fault in FAULTS]
    return 1 if any(record is None for _, record in found) else 0


def _found(fault: Planted, asked: argparse.Namespace) -> Record | None:
    """The first world that fails; servers of its own, since they keep what a fault made."""
    seeds = iter(range(asked.seed, asked.seed + asked.within))
    found = None
    with multiprocessing.Pool(asked.jobs) as pool:
        while found is None and (some := list(islice(seeds, 4 * asked.jobs))):
            jobs = [(Job(seed=seed, major=asked.major), fault.kind) for seed in some]
            records = pool.map(tried, jobs, chunksize=1)
            found = next((one for one in records if one.result.faults), None)
        pool.close()
        pool.join()
    sys.stdout.write(f"{fault.kind}: {_said(found, asked.seed)}\n")
    sys.stdout.flush()
    return found


def _said(found: Record | None, first: int) -> str:
    if found is None:
        return "not found"
    kind, what = found.result.faults[0]
    return f"found in world {found.seed - first + 1} (seed {found.seed}): {kind}: {what[:200]}"


if __name__ == "__main__":
    sys.exit(main())
