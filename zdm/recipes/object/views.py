"""Views that are there: what uses one, and how it is put back as it was."""

from collections.abc import Iterator, Sequence

from zdm.model.locks import LockMode
from zdm.model.plan import TableLock
from zdm.model.schema import Name, Snapshot, View
from zdm.model.statement import Action, ActionKind
from zdm.model.syntax import CreateObject
from zdm.parse import rewrite
from zdm.recipes.reading import statements
from zdm.schema import lookup, routines
from zdm.schema.effects import dependents

KINDS = ("view", "materialized view")


def named(words: Sequence[str], action: Action, snapshot: Snapshot) -> View | None:
    """The view that the words mean."""
    names = lookup.Names(snapshot.views)
    relation = lookup.relation(tuple(words))
    name = lookup.among(relation, names, snapshot, action.statement.settings)
    return next((view for view in snapshot.views if view.name == name), None)


def made_again(actions: Sequence[Action], view: View, snapshot: Snapshot) -> int | None:
    """The place of a CREATE VIEW of its name, behind the first."""
    for position, action in enumerate(actions[1:], 1):
        said = action.said
        if statements.fact(action, ActionKind.CREATE_VIEW) is None or action.statement.vouched:
            continue
        if isinstance(said, CreateObject) and named(said.words, action, snapshot) is view:
            return position
    return None


def users(view: View, snapshot: Snapshot) -> Iterator[str]:
    """What makes PostgreSQL refuse to drop it."""
    thing = dependents.Thing("view", view.name)
    for one in dependents.closure(snapshot, (thing,), cascade=True) or ():
        if one != thing:
            yield f"{one.kind} {one.name}"


def lock(view: View) -> TableLock:
    """Reads of it wait."""
    return TableLock(table=view.name, mode=LockMode.ACCESS_EXCLUSIVE)


def naming(name: Name, snapshot: Snapshot) -> tuple[str, ...]:
    """Functions whose text names it, at which PostgreSQL does not look."""
    found = (f.name for f in snapshot.functions if name.name in routines.body_names(f))
    return tuple(sorted({f"function {one}" for one in found}))


def by_train(view: View) -> bool:
    """Whether this train has made or replaced it: then its text is the author's statement."""
    return view.definition.lstrip().upper().startswith("CREATE")


def again(view: View) -> str:
    """Put its query back, where its columns are the same as before."""
    return rewrite.replaced_view(view.name, view.definition, view.options)
