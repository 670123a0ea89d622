"""In the child: who sends each statement, from which line, under which settings.

The text itself comes from the server's log. What ties the two together is a comment with a
number that is put before each statement here and taken off again there, so the match needs no
guess about order, session or driver. The place is the innermost frame of a revision file.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any
from weakref import WeakSet

import sqlalchemy as sa
from alembic.runtime import migration
from sqlalchemy import event

from zdm.errors import InputError
from zdm.revisions.child import privileged

SETTINGS = (
    "search_path",
    "role",
    "session_authorization",
    "session_replication_role",
    "TimeZone",
    "DateStyle",
    "IntervalStyle",
    "standard_conforming_strings",
    "check_function_bodies",
    "default_tablespace",
    "default_table_access_method",
    "transform_null_equals",
    "xmloption",
)
SILENT = "/*zdm:silent*/"
NOTHING = "SELECT 1 WHERE false"  # in the place of a statement that needs superuser
_CURRENT = ", ".join(f"'{name}', pg_catalog.current_setting('{name}')" for name in SETTINGS)
# What ends a statement, where env.py or a revision has set it, in milliseconds.
_TIMEOUTS = """SELECT pg_catalog.json_object_agg(name, setting) FROM pg_catalog.pg_settings
WHERE source IN ('client', 'session') AND name IN ('lock_timeout', 'statement_timeout',
  'transaction_timeout', 'idle_in_transaction_session_timeout')"""
ASK_SETTINGS = (
    f"{SILENT}SELECT pg_catalog.json_build_object({_CURRENT}, 'timeouts', ({_TIMEOUTS}))::text"
)
# Asking inside would open or break the transaction that the statement is about.
_CONTROL = re.compile(
    r"\s*(begin|start|commit|end|rollback|abort|savepoint|release|prepare|set\s+transaction)\b",
    re.IGNORECASE,
)
_HOUSEKEEPING = frozenset(
    {"get_current_heads", "_has_version_table", "_ensure_version_table", "_insert_version",
     "_update_version", "_delete_version"}
)  # fmt: skip
_MIGRATION = str(migration.__file__)


class Witness:
    """Notes an event for each statement that SQLAlchemy sends while it is recording."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.steps: list[dict[str, Any]] = []
        self.revision = ""
        self.token = ""
        self.recording = False
        self.withheld = False  # a statement, from the shadow
        self._files: Mapping[str, str] = {}
        self._environment = ""
        self._engines: WeakSet[sa.Engine] = WeakSet()

    def install(self) -> None:
        """Listen, for the life of the process."""
        event.listen(sa.Engine, "before_cursor_execute", self._before, retval=True)
        event.listen(sa.Engine, "engine_connect", self._connected)

    def begin(self, token: str, files: Mapping[str, str], environment: Path) -> None:
        """Start to record; `files` says which revision each file (absolute path) is."""
        self.events, self.steps, self.revision = [], [], ""
        self.token, self._files, self._environment = token, files, str(environment)
        self.recording = True

    def end(self) -> None:
        """Stop recording."""
        self.recording = False

    def forget_connections(self) -> None:
        """Empty the pools of engines that env.py may use again; their sessions end apart."""
        for engine in self._engines:
            engine.dispose(close=False)

    def _connected(self, conn: sa.Connection) -> None:
        self._engines.add(conn.engine)

    def step(self, revision: str) -> None:
        """A revision's upgrade() begins."""
        self.revision = revision
        self.steps.append({"revision": revision, "after": len(self.events)})

    def _before(
        self,
        conn: sa.Connection,
        _cursor: object,
        statement: str,
        parameters: Any,
        context: Any,
        *_: object,
    ) -> tuple[str, Any]:
        withheld = ""
        if privileged.is_(statement, _frames(sys._getframe(1))):
            if parameters:
                raise InputError(
                    "a privileged statement is not run on the shadow, so zdm cannot read its"
                    " bind parameters",
                    hint="write its values into the text",
                )
            withheld = _plain(statement, context)
            statement = NOTHING
            self.withheld = True
        if not self.recording:
            return statement, parameters
        number = len(self.events)
        self.events.append(
            {
                "revision": self.revision,
                **self._place(),
                "settings": None if _CONTROL.match(statement) else _settings(conn),
                "withheld": withheld,
            }
        )
        return f"/*zdm:{self.token}:{number}*/{statement}", parameters

    def _place(self) -> dict[str, Any]:
        """Who sends it (`by`), and where in the revision or in env.py that is."""
        outer: dict[str, Any] | None = None
        for frame in _frames(sys._getframe(2)):
            file = str(Path(frame.f_code.co_filename).absolute())
            if revision := self._files.get(file):
                return {"by": "revision", "revision": revision, **_position(frame, file)}
            if outer is None and file == self._environment:
                outer = {"by": "environment", **_position(frame, file)}
            elif outer is None and file == _MIGRATION and frame.f_code.co_name in _HOUSEKEEPING:
                outer = {"by": "alembic"}
        return outer or {"by": "environment", "file": self._environment, "line": 1, "column": 0}


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _plain(statement: str, context: Any) -> str:
    """The author's text: what SQLAlchemy compiles has each % twice for most drivers."""
    doubled = context.compiled is not None and context.dialect.paramstyle in (
        "format",
        "pyformat",
    )
    return statement.replace("%%", "%") if doubled else statement


def _position(frame: FrameType, file: str) -> dict[str, Any]:
    """Where the call that the frame is in begins; the column counts bytes from 0."""
    instruction = frame.f_lasti // 2
    found = next(islice(frame.f_code.co_positions(), instruction, None), None)
    line, _, column, _ = found or (None, None, None, None)
    return {"file": file, "line": line or frame.f_lineno, "column": column or 0}


def _settings(conn: sa.Connection) -> dict[str, Any] | None:
    """The settings in force; None in a transaction that an error has ended."""
    cursor = conn.connection.cursor()
    try:
        cursor.execute(ASK_SETTINGS)
        row = cursor.fetchone()
    except conn.dialect.loaded_dbapi.Error:
        return None
    finally:
        cursor.close()
    values = list(row.values()) if isinstance(row, dict) else list(row or ())
    found: dict[str, Any] = json.loads(values[0]) if values else {}
    return found
