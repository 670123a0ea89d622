"""A publication of tables whose rows subscribers cannot find."""

from collections.abc import Iterator

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Table
from zdm.rules import reading

_REMEDY = "add a primary key, or ALTER TABLE … REPLICA IDENTITY USING INDEX, first"


def check(site: Site) -> Iterator[Violation]:
    """UPDATE and DELETE are published of a table without primary key or replica identity."""
    said = site.action.said
    if not isinstance(said, WorkOn) or said.work is not Work.PUBLICATION:
        return
    if not said.publishes_changes:
        return
    if said.all_tables:
        yield from _of_all(site)
    for relation in said.relations:
        name = reading.named(site, relation)
        table = site.before.table(name) or Table(name=name, opaque="unread")
        if _lacks_identity(table):
            yield _failing(str(name), known=not table.opaque)


def _of_all(site: Site) -> Iterator[Violation]:
    """Tables of later migrations, too."""
    every = [t for t in site.before.tables if t.kind != "foreign table"]
    lacking = [t.name for t in every if not t.opaque and _lacks_identity(t)]
    if lacking:
        yield _failing(reading.listed(lacking), known=True)
    else:
        yield Violation(
            message="UPDATE and DELETE fail of every table, also of a later one, that has"
            " neither a primary key nor a replica identity",
            remedy="name the tables in FOR TABLE",
            severity=Severity.WARN,
        )


def _failing(names: str, *, known: bool) -> Violation:
    if known:
        return Violation(
            message=f"UPDATE and DELETE of {names} fail: it has no primary key and no replica"
            " identity, and the publication sends them",
            remedy=_REMEDY,
        )
    return Violation(
        message=f"UPDATE and DELETE of {names} fail, unless it has a primary key or a replica"
        " identity, which no file shows",
        remedy=_REMEDY,
        severity=Severity.WARN,
    )


def _lacks_identity(table: Table) -> bool:
    if table.replica_identity == "default":
        return table.primary_key is None
    return table.replica_identity == "nothing"


RULE = Rule(
    slug="publication-without-identity",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="A publication of tables whose rows subscribers cannot find",
    problem="From the publication on, UPDATE and DELETE of such a table fail.",
    postgres=(
        "A table that publishes UPDATE or DELETE must have a primary key or a replica"
        " identity (55000; 14 to 18). FOR ALL TABLES includes tables that are made later."
    ),
    instead="Add a primary key or a replica identity first; name the tables.",
    allow="Rows are only inserted.",
    on=(WorkOn,),
    check=check,
)
