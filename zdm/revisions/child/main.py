"""The child process: runs revisions behind the sandbox, answers requests line by line as JSON.

`start` calls it, after a look at what it needs. It imports what the project's own environment
has, and of zdm only this folder, quoting and the error tree, so that it can run under the
project's Python. What goes wrong ends it: the hook for uncaught exceptions writes the failure
with its place as the last answer.
"""

import json
import os
import secrets
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError

from zdm.errors import InputError, ZdmError
from zdm.model.sql import ident, literal
from zdm.revisions import failures
from zdm.revisions.child import admin
from zdm.revisions.child.sandbox import Sandbox
from zdm.revisions.child.witness import ASK_SETTINGS, SILENT, Witness
from zdm.revisions.scripts import Environment
from zdm.revisions.shadow_address import Address

Answer = dict[str, Any]

READ_ONLY = (
    "SELECT proname FROM pg_catalog.pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace"
    " GROUP BY proname HAVING bool_and(provolatile <> 'v')"
)
END = (
    "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
    " WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()"
)
WHERE_TABLE = (
    "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
    " ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.relname = "
)


class Child:
    """The state between requests: the environment, the sandbox and the shadow in use."""

    def __init__(self, ini: Path, variables: dict[str, str]) -> None:
        self.sandbox = Sandbox()
        self.witness = Witness()
        self.variables = variables
        self.ini = ini
        self.environment: Environment | None = None
        self.runs: list[MigrationContext] = []

    def handle(self, request: Answer) -> Answer:
        """Answer one request."""
        doing: dict[str, Callable[[Answer], Answer]] = {
            "history": lambda _: self.load().graph(),
            "create": lambda r: {"file": self.load().create(r["message"], r["head"])},
            "open": self.open,
            "sql": lambda r: {"rows": len(admin.run([r["sql"]], transaction=True))},
            "stamp": self.stamp,
            "upgrade": self.upgrade,
            "version_table": self.version_table,
            "record": self.record,
            "close": self.close,
        }
        answer = doing[request["do"]](request)
        self.sandbox.check()
        return answer

    def load(self) -> Environment:
        """The environment, read once."""
        if self.environment is None:
            self.environment = Environment(self.ini)
        return self.environment

    def open(self, request: Answer) -> Answer:
        """Use this shadow from now on: mark it, and let connections through to it."""
        address = Address(**request["address"])
        token = secrets.token_hex(8)
        os.environ.update(address.variables())
        os.environ.update({k: address.url(v) for k, v in self.variables.items()})
        self.sandbox.open(address, "")  # a new database: only the caller's word says what it is
        name = ident(address.database)
        admin.run([f"COMMENT ON DATABASE {name} IS {literal(token)}"])
        self.sandbox.open(address, token)
        self.load().point(address, admin.driver())
        return {}

    def close(self, _request: Answer) -> Answer:
        """Take the marks off the shadow again, and leave no session of a pool in it."""
        name = ident(self.sandbox.require().database)
        self.witness.forget_connections()
        admin.run([f"COMMENT ON DATABASE {name} IS NULL", END])
        return {}

    def stamp(self, request: Answer) -> Answer:
        """Write the heads into the version table, wherever env.py says it is."""
        heads = tuple(request["heads"])
        environment = self.load()

        def work(found: Any, context: MigrationContext) -> list[Any]:
            self._ran(context)
            return [] if set(found) == set(heads) else environment.stamps(heads, found)

        self._run(work, heads)
        return {}

    def upgrade(self, request: Answer) -> Answer:
        """Run upgrade() up to the revisions, unrecorded."""
        to = tuple(request["to"])
        environment = self.load()

        def work(found: Any, context: MigrationContext) -> list[Any]:
            self._ran(context)
            return self._named(environment.upgrades(to, found))

        self._run(work, to)
        return {}

    def record(self, request: Answer) -> Answer:
        """Run upgrade() up to the revisions, and say what was sent by whom."""
        admin.run([f"SELECT '{request['begin']}'"])
        defaults = json.loads(admin.run([ASK_SETTINGS])[0][0])
        self.witness.begin(request["token"], request["files"], self.load().env_file)
        self.upgrade(request)
        self.witness.end()
        context = self.runs[0]
        schema, table = self._version_table(context)
        found = admin.run([f"{SILENT}SELECT version_num FROM {ident(schema, table)}"])  # noqa: S608 quoted by ident
        functions = admin.run([SILENT + READ_ONLY])
        admin.run([f"SELECT '{request['end']}'"])
        return {
            "events": self.witness.events,
            "steps": self.witness.steps,
            "defaults": defaults,
            "version_table": [schema, table],
            "heads": sorted(row[0] for row in found),
            "env_file": str(self.load().env_file),
            "read_only": sorted(row[0] for row in functions),
            "transaction_per_migration": bool(context.opts.get("transaction_per_migration")),
        }

    def version_table(self, _request: Answer) -> Answer:
        """Where env.py keeps the version; the shadow is empty and stays so but for that."""

        def work(_found: Any, context: MigrationContext) -> list[Any]:
            self._ran(context)
            return []

        self._run(work, ())
        return {"name": list(self._version_table(self.runs[0]))}

    def _version_table(self, context: MigrationContext) -> tuple[str, str]:
        """Its schema (the first one of the search_path that has it) and its name."""
        table = context.version_table
        if context.version_table_schema:
            return context.version_table_schema, table
        rows = admin.run([SILENT + WHERE_TABLE + literal(table)])
        asked = [e["settings"] for e in self.witness.events if e["settings"]]
        path = asked[-1]["search_path"] if asked else "public"
        names = [name.strip().strip('"') for name in path.split(",")]
        schemas = sorted({row[0] for row in rows})
        return next((name for name in names if name in schemas), schemas[0]), table

    def _run(self, work: Callable[[Any, MigrationContext], Iterable[Any]], to: Any) -> None:
        self.runs = []
        self.load().run(work, to)
        self.sandbox.check()
        self.witness.revision = ""
        if not self.runs:
            raise InputError(
                f"{self.load().env_file} ran no migrations, so there is nothing to record",
                hint="env.py must call context.run_migrations() online, with a connection;"
                " zdm has no use for offline mode",
            )

    def _ran(self, context: MigrationContext) -> None:
        if context.as_sql or context.connection is None:
            raise InputError(
                f"{self.load().env_file} runs migrations in offline mode only",
                hint="let it connect where context.is_offline_mode() is false",
            )
        self.runs.append(context)

    def _named(self, steps: list[Any]) -> list[Any]:
        """The same steps; each says its revision when it begins."""
        for step in steps:
            step.migration_fn = self._announced(step.revision.revision, step.migration_fn)
        return steps

    def _announced(self, revision: str, upgrade: Callable[..., None]) -> Callable[..., None]:
        def announced(**kwargs: Any) -> None:
            self.witness.step(revision)
            upgrade(**kwargs)

        return announced


def main(arguments: list[str]) -> None:
    """Answer requests until the caller closes its end."""
    requests = os.fdopen(int(arguments[0]), encoding="utf-8")
    answers = os.fdopen(int(arguments[1]), "w", encoding="utf-8")
    first = json.loads(requests.readline())
    child = Child(Path(first["ini"]), first["variables"])
    sys.excepthook = _reporting(child, answers)
    child.sandbox.install()
    child.witness.install()
    for line in requests:
        _say(answers, {"answer": child.handle(json.loads(line))})


def _say(answers: TextIO, what: Answer) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _reporting(
    child: Child, answers: TextIO
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    def report(
        _kind: type[BaseException], error: BaseException, _traceback: TracebackType | None
    ) -> None:
        folders: list[str] = [] if child.environment is None else child.environment.folders()
        found = failures.described(error, [child.ini.parent, *(Path(f) for f in folders)])
        if child.sandbox.breaches:
            found |= _failure(child.sandbox.breach(child.sandbox.breaches[0]))
        elif isinstance(error, ZdmError):
            found |= _failure(error)
        elif isinstance(error, CommandError):
            found |= {"message": str(error), "frames": []}
        witness = child.witness
        found |= {"revision": witness.revision, "withheld": witness.withheld}
        _say(answers, {"failure": found})

    return report


def _failure(error: ZdmError) -> Answer:
    return {"message": error.message, "hint": error.hint}
