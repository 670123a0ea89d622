"""A file that cannot run again after its CREATE INDEX CONCURRENTLY."""

from collections.abc import Iterator

from msgspec.structs import replace

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation, has
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import DropObjects, IndexDefinition
from zdm.rules import edits, reading


def check(site: Site) -> Iterator[Violation]:
    """The first statement that follows a concurrent build in its file."""
    last = next((done for done in reversed(site.done) if _works(done.action)), None)
    if last is None or site.action.index or not _works(site.action):
        return
    said, file = last.action.said, site.action.source.file
    if last.action.source.file != file or not isinstance(said, IndexDefinition):
        return
    if not said.concurrently or said.if_not_exists:
        return
    drops = (d.action for d in site.done.saying(DropObjects) if d.action.source.file == file)
    dropped = (
        words[-1]
        for action in drops
        if isinstance(action.said, DropObjects) and action.said.if_exists
        for words in action.said.objects
    )
    if said.name not in dropped:
        yield Violation(
            message=f"if this or a later statement fails, the file cannot run again: the index"
            f" {said.name or 'before it'} exists",
            remedy="put CREATE INDEX CONCURRENTLY into a file of its own, or DROP INDEX"
            " CONCURRENTLY IF EXISTS before it",
        )


def _works(action: Action) -> bool:
    fact = action.fact
    settings = (ActionKind.SET, ActionKind.TRANSACTION)
    return not isinstance(fact, Fact) or fact.kind not in settings


def fix(site: Site) -> Fix | None:
    """DROP INDEX CONCURRENTLY IF EXISTS before the build, if nothing had the name before."""
    built = next(done.action for done in reversed(site.done) if _works(done.action))
    said = built.said
    if not isinstance(said, IndexDefinition) or not said.name:
        return None
    name = reading.named(site, replace(said.table, name=said.name))
    if has(site.released, name):
        return None
    schema = f"{edits.written(said.table.schema)}." if said.table.schema else ""
    drop = f"DROP INDEX CONCURRENTLY IF EXISTS {schema}{edits.written(said.name)}"
    return Fix(at=built.source, statements=(drop, built.statement.sql))


RULE = Rule(
    slug="non-idempotent-non-tx-step",
    severity=Severity.WARN,
    planned=Planned.YES,
    title="A file that cannot run again after its CREATE INDEX CONCURRENTLY",
    problem="If a later statement of the file fails, a second run fails at the index.",
    postgres=(
        "Outside of a transaction each statement is committed by itself; a second CREATE "
        "INDEX of the name fails (42P07; 14 to 18). IF NOT EXISTS would keep an INVALID "
        "index."
    ),
    instead="A file of its own; or DROP INDEX CONCURRENTLY IF EXISTS first.",
    allow="The runner remembers each statement.",
    check=check,
    fix=fix,
)
