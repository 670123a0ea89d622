"""Rules and inheritance, which change what queries of both versions mean. Why none of it gets a
plan, and what to do.

Rules take ACCESS EXCLUSIVE on the relation for a moment; INHERIT and NO INHERIT take it on the
child, and on the parent SHARE UPDATE EXCLUSIVE or ACCESS SHARE (manual, chapter 13.3; measured
14, 18). With a rule ON INSERT or ON UPDATE each INSERT … ON CONFLICT fails (0A000).
"""

from zdm.model.commands import AlterTable, Change, Work, WorkOn
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, Fact
from zdm.model.syntax import DropObjects, RenameObject
from zdm.parse.readers import fired
from zdm.schema import lookup

_Problem = tuple[str, str]
_NO_CONFLICT = (
    ", and each INSERT … ON CONFLICT into it fails (0A000) while it has a rule ON INSERT or ON"
    " UPDATE"
)


def problem(action: Action, snapshot: Snapshot) -> _Problem | None:
    """The fact and the remedy."""
    match action.said:
        case WorkOn(work=Work.CREATE_RULE):
            return _created(action, snapshot)
        case DropObjects(kind="rule") as said:
            return _dropped(action, said, snapshot)
        case RenameObject(kind="rule", part=name):
            return _renamed(name, _table(action))
        case AlterTable(change=Change.RULE, name=name):
            return _toggled(name, _table(action))
        case AlterTable(change=Change.INHERIT | Change.NO_INHERIT) as said:
            return _inherited(action, said, snapshot)
    return None


def _created(action: Action, snapshot: Snapshot) -> _Problem | None:
    if not isinstance(action.said, WorkOn):
        return None
    settings = action.statement.settings
    (name,) = (lookup.found(one, snapshot, settings) for one in action.said.relations)
    rule = fired.rule(action.statement.sql)
    conflicts = _NO_CONFLICT if rule.on_insert or rule.on_update else ""
    return (
        f"rule {rule.name} rewrites the queries of {name} of both versions from one moment to"
        f" the next{conflicts}",
        "write a trigger instead; or, if both versions work with it, put `-- zdm: run in expand"
        " -- reason` above it (`run in contract` if only the new version does)",
    )


def _dropped(action: Action, said: DropObjects, snapshot: Snapshot) -> _Problem:
    words = said.objects[0]
    name = lookup.found(lookup.relation(words[:-1]), snapshot, action.statement.settings)
    table = snapshot.table(name)
    views = [view.rules for view in snapshot.views if view.name == name]
    texts = table.rules if table is not None else views[0] if views else ()
    if all(fired.rule(text).name != words[-1] for text in texts) and not snapshot.opaque:
        return (
            f"{name} has no rule {words[-1]}, so this statement"
            + (" does nothing" if said.if_exists else " would fail"),
            "remove it, or correct the name",
        )
    return (
        f"without rule {words[-1]} the queries of {name} of both versions are no longer"
        " rewritten, from one moment to the next",
        "if the new version works with the rule until then, put `-- zdm: run in contract --"
        " reason` above it; `-- zdm: run in expand -- reason` if both versions work without the"
        " rule",
    )


def _renamed(rule: str, table: Name | None) -> _Problem:
    return (
        f"the rules of {table} rewrite its queries in the order of their names, which a new"
        f" name of rule {rule} may change from one moment to the next",
        "if it has no other rule for the same event, put `-- zdm: run in expand -- reason`"
        " above it",
    )


def _toggled(rule: str, table: Name | None) -> _Problem:
    return (
        f"whether rule {rule} rewrites the queries of {table} changes for both versions from"
        " one moment to the next",
        "if both versions work with and without the rule, put `-- zdm: run in expand -- reason`"
        " above it (`run in contract` if only the new version does)",
    )


def _inherited(action: Action, said: AlterTable, snapshot: Snapshot) -> _Problem | None:
    if said.other is None:
        return None
    parent = lookup.found(said.other, snapshot, action.statement.settings)
    child, settled = _table(action), f"let both versions write ONLY {parent.name} in a release"
    if said.change is Change.INHERIT:
        return (
            f"every SELECT, UPDATE and DELETE of {parent} without ONLY, of both versions, has"
            f" the rows of {child}, too, from one moment to the next",
            f"{settled} before this one, and put `-- zdm: run in expand -- reason` above it"
            " (`run in contract` if only the new version expects these rows)",
        )
    return (
        f"every SELECT, UPDATE and DELETE of {parent} without ONLY, of both versions, loses the"
        f" rows of {child}, from one moment to the next",
        f"{settled} before this one, and put `-- zdm: run in contract -- reason` above it",
    )


def _table(action: Action) -> Name | None:
    return action.fact.table if isinstance(action.fact, Fact) else None
