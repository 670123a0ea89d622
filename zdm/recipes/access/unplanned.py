"""Changes of whole objects that get no plan: owners, default rights, statistics, publications,
extensions, rules and inheritance. Why, and what to do."""

from collections.abc import Callable, Mapping

from zdm.model.schema import Snapshot
from zdm.model.statement import Action
from zdm.parse.objects import whole
from zdm.parse.objects.whole import Whole
from zdm.recipes.object import rewritten

_Problem = tuple[str, str]


def problem(action: Action, snapshot: Snapshot) -> _Problem | None:
    """The fact and the remedy."""
    found = whole.read(action)
    why = None if found is None else _WHY.get(found.kind)
    if found is None or why is None:
        return rewritten.problem(action, snapshot)
    return why(found)


def _owner(_found: Whole) -> _Problem:
    return (
        "a new owner counts at once: who may alter the object changes, this plan's role"
        " included, and so do the rights of views and SECURITY DEFINER functions, and whom row"
        " security binds; a snapshot holds no owners, so zdm can neither check nor undo it",
        "if every role keeps what it needs, put it below all other changes of the object, with"
        " `-- zdm: run in contract -- reason` above it",
    )


def _rights(_found: Whole) -> _Problem:
    return (
        "it gives rights on what its role makes from then on, the tables and functions that zdm"
        " makes for a while included, and which rights were there before depends on that role",
        "put it below all that this migration makes, with `-- zdm: run in contract -- reason`"
        " above it; what is made earlier gets its rights by GRANT",
    )


def _statistics(found: Whole) -> _Problem:
    return (
        f"zdm does not know what the statistics {found.name} were before, so it cannot undo"
        " this",
        "no statement of an application names statistics, so put"
        " `-- zdm: run in expand -- reason` above it",
    )


def _publication(found: Whole) -> _Problem:
    if found.change == "rename":
        return (
            f"subscriptions name the publication {found.name}: under another name it stops them"
            " at the next change (up to 17), or they miss what is changed (from 18 on)",
            "make a publication of the new name, let the subscriptions name that by ALTER"
            " SUBSCRIPTION … SET PUBLICATION, and drop this one in a later release",
        )
    if found.change in ("drop", "set"):
        return (
            f"subscribers of {found.name} get no more changes of a table that it loses, and"
            " nothing reports it",
            "when nobody reads these tables on the subscribers any more, put"
            " `-- zdm: run in contract -- reason` above it",
        )
    return (
        f"subscribers of {found.name} stop at the first change that their side has no table or"
        " column for, and without a replica identity each UPDATE and DELETE of a published"
        " table fails (55000)",
        "make the table on each subscriber first, give it a key, and put"
        " `-- zdm: run in expand -- reason` above it, then run REFRESH PUBLICATION there",
    )


def _extension(found: Whole) -> _Problem:
    if found.change == "contents":
        return (
            f"DROP EXTENSION and dumps go by what belongs to the extension {found.name}, which"
            " zdm does not know",
            "put `-- zdm: privileged -- reason` above it: no statement of an application"
            " depends on it, and no shadow can try it",
        )
    return (
        f"the update script of {found.name} may replace functions, lock and rewrite anything,"
        " differs by version, and has no way back; the extension belongs to a superuser on the"
        " shadow, where it cannot be tried",
        "read the extension's release notes, and run it in a quiet hour, in a migration of its"
        " own with `-- zdm: privileged -- reason` above it",
    )


_WHY: Mapping[str, Callable[[Whole], _Problem]] = {
    "owner": _owner,
    "rights": _rights,
    "statistics": _statistics,
    "publication": _publication,
    "extension": _extension,
}
