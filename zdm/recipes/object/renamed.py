"""What renames of views, functions and other objects have in common.

Nothing can stand in for a type, a sequence or a schema: a domain of the former name is another
type, and only a sequence has nextval(). Until it is gone, the old version uses the name in
casts, in nextval(), before each name.
"""

from collections.abc import Iterator

from zdm.model.commands import SetSchema
from zdm.model.operation import Refusal
from zdm.model.plan import Check
from zdm.model.schema import Function, Name, Snapshot
from zdm.model.statement import Action
from zdm.model.syntax import RenameObject
from zdm.parse.readers import texts
from zdm.recipes.object import naming, routine
from zdm.recipes.reading import refuse

_BREAKS = {
    "type": "casts and drivers of the old version find {} by its name, and a domain of that"
    " name would be another type",
    "sequence": "nextval('{}') of the old version would fail, and nothing can stand in for a"
    " sequence",
    "schema": "the old version writes {} before names, and nothing can stand in for a schema",
}
_Problem = tuple[str, str]


def breaking(action: Action) -> _Problem | None:
    """Why an object of these kinds is not renamed."""
    said = action.said
    if not isinstance(said, RenameObject) or said.kind not in _BREAKS:
        return None
    name = ".".join(said.words) or said.part
    return (
        f"{_BREAKS[said.kind].format(name)}",
        "keep the name; if this migration makes it, write the new name in its CREATE; or, if no"
        " version names it, put `-- zdm: run in contract -- reason` above it",
    )


def taken(new: Name) -> _Problem:
    """The new name is not free."""
    return f"there is a {new} already", "choose another name"


def missing(action: Action, said: RenameObject | SetSchema) -> Refusal:
    """What is to be renamed or moved is not there."""
    ending = "do nothing" if isinstance(said, RenameObject) and said.if_exists else "fail"
    return refuse.refuse(
        action,
        "unknown_name",
        f"there is no {said.kind} {'.'.join(said.words)} in the schema, so this statement would"
        f" {ending}",
        "correct the name, or make a new snapshot of the database",
    )


def in_text(old: Name, new: Name, named: tuple[str, ...]) -> _Problem:
    """Functions that name it where PostgreSQL does not look."""
    return (
        f"these name {old} in their text: {', '.join(named)}; they work until the one of that"
        " name is dropped, which does not happen before they are changed",
        f"let them name {new} in this train, below the rename, with"
        " `-- zdm: run in contract -- reason`",
    )


def indexed(function: Function, snapshot: Snapshot) -> Iterator[_Problem]:
    """Indexes on what it returns: they are of it, and not of its copy."""
    found = [what for what in routine.stored(function, snapshot) if what.startswith("index ")]
    if found:
        yield (
            f"until the contract, queries of the old version that call {function.name} may not"
            f" use {routine.listed(found)}: the index calls the function itself, and they its"
            " copy",
            "search the old version for them, and first deploy one without them",
        )


def arbiter(function: Function, snapshot: Snapshot) -> Iterator[_Problem]:
    """Unique indexes on what it returns: no index is of the copy, unless PostgreSQL puts the
    body in place of the call, so ON CONFLICT of the old version fails (measured 14, 18)."""
    stored = set(routine.stored(function, snapshot))
    found = [
        f"{index.name} of {table.name}"
        for table in snapshot.tables
        for index in table.indexes
        if index.unique
        and f"index {index.name} of {table.name}" in stored
        and function.name.name in texts.names(index.definition.partition(" USING ")[2])
    ]
    if found:
        yield (
            f"unique index {', '.join(found)} calls {function.name} itself, so an INSERT … ON"
            f" CONFLICT of the old version that calls it would mean the copy, and fail",
            "keep the name; or, if the new version can use the former one until the contract,"
            " put `-- zdm: run in contract -- reason` above it",
        )


def none_left(old: Name, new: Name) -> Check:
    """That no function names it any more."""
    return naming.none_left(
        old,
        failure=f"a function still names {old} in its text, and would fail without it",
        hint=f"let it name {new} instead, also in its comments (CREATE OR REPLACE FUNCTION)",
    )
