"""Record mode: run the pending revisions on the shadow, and give what they sent as a Train.

The shadow is a database made for this purpose; the caller hands over its DSN and the folder of
its server's log. See child_process.py for the child process, sandbox.py for what it may not do.
"""

import secrets
from pathlib import Path

from msgspec import Struct

from zdm.errors import InputError
from zdm.model.schema import Name
from zdm.model.statement import Train
from zdm.revisions import assemble, baseline, server_log
from zdm.revisions.assemble import Recording
from zdm.revisions.child_process import Child
from zdm.revisions.graph import History
from zdm.revisions.shadow_address import parse


class RecordRequest(Struct, frozen=True, kw_only=True):
    """What to record: everything above `heads`, or only as far as `targets`."""

    dsn: str
    log_directory: Path | None
    history: History
    heads: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    stamped: bool = False  # the version table says the heads already


class Below(Struct, frozen=True, kw_only=True):
    """What makes the schema below the pending revisions: a baseline, and the history."""

    history: History
    heads: tuple[str, ...]
    sql: str | None = None
    command: tuple[str, ...] = ()


def record(child: Child, request: RecordRequest) -> Train:
    """Run upgrade() of the pending revisions on the shadow, which is at the heads."""
    return recorded(child, request, prepare(child, request))


def recorded(child: Child, request: RecordRequest, heads: tuple[str, ...]) -> Train:
    """The same, where the shadow is prepared."""
    directory = _log(request)
    token = secrets.token_hex(4)
    begin, end = (f"zdm:{word}:{secrets.token_hex(8)}" for word in ("begin", "end"))
    start = server_log.positions(directory)
    answer = child.ask(
        "record",
        to=list(request.targets or ("heads",)),
        files={str(r.path): r.id for r in request.history.revisions},
        token=token,
        begin=begin,
        end=end,
    )
    database = parse(request.dsn).database
    child.ask("close")
    recording = Recording(
        history=request.history,
        root=child.project.root,
        token=token,
        heads=heads,
        answer=answer,
    )
    sent = server_log.read(directory, start, database, (begin, end))
    return assemble.train(recording, sent)


def _log(request: RecordRequest) -> Path:
    if request.log_directory is None:
        raise InputError(
            "the shadow's server gives no log that zdm can read, so it cannot see what the"
            " revisions send",
            hint="leave `shadow_url` out of zdm.toml: zdm then starts a server of its own",
        )
    return request.log_directory


def prepare(child: Child, request: RecordRequest) -> tuple[str, ...]:
    """Open the shadow and make its version table say the heads."""
    _log(request)
    history = request.history
    heads = tuple(sorted(history.revision(head).id for head in request.heads))
    child.open(request.dsn)
    if heads and not request.stamped:
        child.ask("stamp", heads=list(heads))
    return heads


def apply_below(child: Child, dsn: str, below: Below) -> None:
    """Make the schema at the heads on an empty shadow, unrecorded."""
    child.open(dsn)
    if below.sql is not None:
        child.ask("sql", sql=below.sql)
    if below.command:
        baseline.run(child, dsn, below.command)
    if below.heads:
        heads = [below.history.revision(head).id for head in below.heads]
        child.ask("upgrade", to=heads)
    child.ask("close")


def version_table(child: Child, dsn: str) -> Name:
    """Where env.py keeps Alembic's version; the shadow must be empty."""
    child.open(dsn)
    schema, name = child.ask("version_table")["name"]
    child.ask("close")
    return Name(schema=schema, name=name)
