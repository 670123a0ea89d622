"""ALTER DOMAIN and the attributes of a composite type: why they get no plan, and what to do.

ADD CONSTRAINT, VALIDATE CONSTRAINT and SET NOT NULL take SHARE on each table with a column of
the domain and read it, so writes wait; with NOT VALID, and in all other forms, no table is
locked (measured 14, 18). A composite type changes for both versions at once.
"""

from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action
from zdm.parse.objects import whole
from zdm.schema import enums, lookup
from zdm.schema.impact import of as impact

_Problem = tuple[str, str]
_TIGHTENS = frozenset({"add constraint", "set not null", "validate"})


def problem(action: Action, snapshot: Snapshot) -> _Problem | None:
    """The fact and the remedy."""
    found = whole.read(action)
    if found is None or found.kind not in ("domain", "type"):
        return None
    of = _type if found.kind == "type" else _domain
    return of(found, action, snapshot)


def _domain(found: whole.Whole, action: Action, snapshot: Snapshot) -> _Problem:
    name, change = found.name, found.change
    if found.checks:
        return _checked(found, action, snapshot)
    if change in _TIGHTENS:
        return (
            f"from this statement on every value of {name} must fit it, in writes of the old"
            " version and in its casts, too",
            "put `-- zdm: run in contract -- reason` above it; VALIDATE CONSTRAINT follows in a"
            " later release",
        )
    if change == "set default":
        return (
            f"rows of both versions, in every table, that leave out a column of type {name} get"
            " another default from this statement on",
            "set the default of the column instead (ALTER COLUMN … SET DEFAULT); or, if it"
            " suits both versions, put `-- zdm: run in expand -- reason` above it",
        )
    if change == "rename constraint":
        return (
            f"errors of both versions name the constraint of {name} as it is called at that"
            " moment",
            "if no version looks for the name in errors, put `-- zdm: run in expand -- reason`"
            " above it",
        )
    return (
        f"from this statement on {name} accepts values that it refused before, and both"
        " versions meet them",
        "if the old version can read what the new one writes, put"
        " `-- zdm: run in expand -- reason` above it; if not, `run in contract`",
    )


def _checked(found: whole.Whole, action: Action, snapshot: Snapshot) -> _Problem:
    touches = impact.statement((action,), snapshot).touches
    tables = ", ".join(str(touch.relation) for touch in touches) or "each table that uses it"
    fact = (
        f"it takes SHARE on {tables} and reads every row, so writes wait for all of it, and"
        f" from then on {found.name} refuses values that the old version may write"
    )
    if found.change == "add constraint":
        return (
            f"{fact}",
            "write ADD CONSTRAINT … NOT VALID, which locks no table, with"
            " `-- zdm: run in contract -- reason`, and VALIDATE CONSTRAINT in a maintenance"
            " window",
        )
    return (
        f"{fact}",
        "run it when no old instance is left and writes may wait, with"
        " `-- zdm: run in contract -- reason`; a CHECK of the table is validated without"
        " blocking them",
    )


def _type(found: whole.Whole, action: Action, snapshot: Snapshot) -> _Problem:
    users = _users(found.name, action, snapshot)
    used = f" ({', '.join(users)})" if users else ""
    if found.change == "change attribute":
        return (
            f"another type of an attribute of {found.name} changes each value for both versions"
            f" at once, and PostgreSQL refuses it where a table has the type{used}",
            "make a type of another name, and change the columns to it",
        )
    return (
        f"every value of {found.name} changes its attributes for both versions at once{used}:"
        " ROW(…) casts, drivers that map it and text such as (1,a) of the old version fail",
        "make a type of another name, let the new version use it, and change the columns to it;"
        " or, if no version depends on the attributes, put `-- zdm: run in expand -- reason`"
        " above it",
    )


def _users(name: str, action: Action, snapshot: Snapshot) -> tuple[str, ...]:
    words = tuple(name.split("."))
    names, settings = lookup.Names(snapshot.types), action.statement.settings
    meant: Name = lookup.among(lookup.relation(words), names, snapshot, settings)
    return tuple(sorted({str(user) for user in enums.users(snapshot, meant)}))
