"""What another definition of a routine changes without a call of it: results that are kept, and
writes that it may refuse."""

from zdm.model.schema import Function, Snapshot
from zdm.recipes.object import routine, triggers
from zdm.schema import routines


def kept(former: Function, snapshot: Snapshot) -> tuple[str, str] | None:
    """What keeps results of the former definition, or may."""
    symbols = tuple(routine.symbols(former, snapshot))
    if symbols:
        return (
            f"these may call {former.name}: {routine.listed(symbols)}; what uses them does not"
            " name it, so zdm does not know what keeps its results, and which statements run"
            " it",
            "give the new one another name; or, if nothing keeps results and no other statement"
            " here runs it, put `-- zdm: run in expand -- reason` above it",
        )
    stored = tuple(dict.fromkeys(routine.stored(former, snapshot)))
    if not stored:
        return None
    return (
        f"these keep results of {former.name}, or were checked with them, and PostgreSQL does"
        f" not compute them again: {routine.listed(stored)}; with another body they may be"
        " wrong",
        "give the new one another name and make them again with that; or, if it gives the same"
        " results, put `-- zdm: run in expand -- reason` above it",
    )


def may_refuse(former: Function, snapshot: Snapshot, after: Snapshot) -> bool:
    """Whether writes run it that the body that is there `after` may refuse."""
    if any(
        triggers.may_refuse(trigger.definition, former.name, after)
        for table in snapshot.tables
        for trigger in table.triggers
        if trigger.function == former.name
    ):
        return True
    reached = routines.reached(after, [former.name])
    runs = any(True for _ in routine.running(former, snapshot))
    return runs and any(map(triggers.may_raise, reached))
