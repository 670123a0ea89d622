"""CREATE EXTENSION."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import CreateObject

# of PostgreSQL's own, those whose scripts make objects and touch no other (asked in tests)
ONLY_NEW = frozenset(
    """amcheck bloom btree_gin btree_gist citext cube dblink dict_int dict_xsyn earthdistance
    file_fdw fuzzystrmatch hstore intarray isn lo ltree pageinspect pg_buffercache
    pg_freespacemap pg_prewarm pg_stat_statements pg_trgm pg_visibility pgcrypto pgrowlocks
    pgstattuple plpgsql postgres_fdw seg tablefunc tsm_system_rows tsm_system_time unaccent
    uuid-ossp vector""".split()  # noqa: SIM905
)


def check(site: Site) -> Iterator[Violation]:
    """CREATE EXTENSION, save of one whose script only makes objects."""
    said = site.action.said
    if not isinstance(said, CreateObject) or said.kind != "extension":
        return
    if said.words[-1] not in ONLY_NEW:
        yield Violation(
            message="the script of the extension may lock or change anything",
            remedy="put it into a migration of its own",
        )


RULE = Rule(
    slug="extension-ops",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="CREATE EXTENSION",
    problem="Its script may lock or change anything.",
    postgres=(
        "The script of the extension runs in the transaction of the statement, usually with "
        "the rights of a superuser (14 to 18)."
    ),
    instead="Create it in a migration of its own, or outside of migrations.",
    allow="The script was looked at.",
    on=(CreateObject,),
    check=check,
)
