"""What the role of the executor may do, and whose the tables are."""

from zdm.model import diagnosis
from zdm.model.diagnosis import Diagnosis
from zdm.model.plan import Plan
from zdm.model.schema import Name
from zdm.postgres.journal import foreign
from zdm.postgres.session import connection, early_checks, owners, row_security, unseen_rows
from zdm.postgres.session.connection import Connection

SHOWN = 5  # names in a message
ROWS = "rows from elsewhere"
LATER = "rights for later steps"


def may_create(opened: Connection) -> Diagnosis:
    """zdm makes the schema `zdm` with its journal."""
    refused = foreign.refusal(foreign.find(opened), altering=False)
    if refused is None:
        return diagnosis.ok("right to create", "zdm's journal can be made or written")
    return diagnosis.failed("right to create", refused.message, refused.hint)


def owns(opened: Connection, tables: tuple[Name, ...] | None) -> Diagnosis:
    """Only an owner may change a table; the plan's tables, else all of them."""
    found = owners.foreign(opened, tables)
    if not found:
        which = "every table" if tables is None else "every table that the plan changes"
        return diagnosis.ok("ownership", f"the role owns {which}")
    fact, remedy = owners.said(found)
    return (diagnosis.warning if tables is None else diagnosis.failed)(
        "ownership", fact, remedy
    )


def gives_later(opened: Connection, plan: Plan) -> Diagnosis:
    """What steps behind the point of no return need, as far as it must hold before the run."""
    refused = early_checks.refusal(opened, plan, "start")
    if refused is None:
        return diagnosis.ok(LATER, "no later step of the plan lacks one")
    return diagnosis.failed(LATER, refused.message, refused.hint)


def sees_rows(opened: Connection, tables: tuple[Name, ...] | None) -> Diagnosis:
    """Under FORCE ROW LEVEL SECURITY a policy hides rows from the owner, too."""
    wanted = None if tables is None else [table.sql for table in tables]
    hidden = row_security.hiding(opened, wanted)
    if not hidden:
        return diagnosis.ok("row security", "no policy hides rows from the role")
    more = f" and {len(hidden) - SHOWN} more" if len(hidden) > SHOWN else ""
    return diagnosis.warning(
        "row security",
        f"policies hide rows of {', '.join(hidden[:SHOWN])}{more} from the role, so a backfill"
        " of them is refused",
        row_security.remedy(opened, hidden[0]),
    )


def reaches_rows(opened: Connection, tables: tuple[Name, ...] | None) -> Diagnosis:
    """Rows of inheritance children are not filled, and those of a subscription come from
    elsewhere."""
    wanted = None if tables is None else [table.sql for table in tables]
    found = [
        *(
            (unseen_rows.fed_fact(t, s), unseen_rows.fed_remedy(s))
            for t, s in unseen_rows.fed(opened, wanted)
        ),
        *(
            (unseen_rows.parent_fact(t, c), unseen_rows.parent_remedy(t, c))
            for t, c in unseen_rows.parents(opened, wanted)
        ),
    ]
    if not found:
        return diagnosis.ok(ROWS, "no subscription and no inheritance children")
    facts, remedies = zip(*found[:SHOWN], strict=True)
    return diagnosis.warning(ROWS, "; ".join(facts), "; ".join(remedies))


def sees_sessions(opened: Connection, *, blind: str) -> Diagnosis:
    """Without it, when others' sessions began and from where is not shown (measured); a
    backfill then cannot see which sessions it affects, and stops unless `blind` is "accept"."""
    if _is_member(opened, "pg_read_all_stats"):
        return diagnosis.ok("right to see sessions", "the role sees all of pg_stat_activity")
    grant = f"GRANT pg_read_all_stats TO {connection.role(opened)}"
    fact = "of other roles' sessions only name and role are shown"
    if blind == "accept":
        return diagnosis.warning(
            "right to see sessions", f"{fact}, so a wait names fewer facts", grant
        )
    return diagnosis.failed(
        "right to see sessions",
        f"{fact}, so a backfill cannot see which sessions it affects, and stops before its"
        " first batch",
        f'{grant}; or set `blind = "accept"` in [backfill.gates]',
    )


def ends_sessions(opened: Connection) -> Diagnosis:
    """Needed only where sessions are to be ended."""
    if _is_member(opened, "pg_signal_backend"):
        return diagnosis.ok("right to end sessions", "the role may end others' sessions")
    return diagnosis.warning(
        "right to end sessions",
        "the role may not end others' sessions, so whatever holds a lock must be ended by hand",
        f"GRANT pg_signal_backend TO {connection.role(opened)}, if zdm is to do it",
    )


def _is_member(opened: Connection, role: str) -> bool:
    row = opened.execute("SELECT pg_catalog.pg_has_role(%s, 'USAGE')", (role,)).fetchone()
    return row is not None and bool(row[0])
