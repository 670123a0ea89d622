"""ALTER of owners, domains, composite types, statistics, publications, extensions and
default rights: what it is about, in words."""

from msgspec import Struct

from zdm.model.commands import AlterDomain, AlterRelation, AlterTable, Change, Work, WorkOn
from zdm.model.statement import Action
from zdm.model.syntax import RenameObject
from zdm.parse import trees

_DOMAIN = {
    "C": "add constraint",
    "X": "drop constraint",
    "V": "validate",
    "O": "set not null",
    "N": "drop not null",
    "T": "set default",
}
_ATTRIBUTE = {
    "AT_AddColumn": "add attribute",
    "AT_DropColumn": "drop attribute",
    "AT_AlterColumnType": "change attribute",
}
_PUBLICATION = {
    "AP_AddObjects": "add",
    "AP_DropObjects": "drop",
    "AP_SetObjects": "set",
}


class Whole(Struct, frozen=True, kw_only=True):
    """`kind`: owner, rights, domain, type, statistics, publication, extension."""

    kind: str
    change: str = ""
    name: str = ""
    checks: bool = False  # of a domain: the rows of the tables that use it are read


def read(action: Action) -> Whole | None:
    """What it changes; None where it is none of these."""
    tree, said = action.tree, action.said
    match said:
        case AlterTable(change=Change.OWNER):
            return Whole(kind="owner")
        case AlterDomain(words=words, checks=checks):
            change = _DOMAIN.get(tree.get("subtype", ""), "")
            return Whole(kind="domain", change=change, name=".".join(words), checks=checks)
        case AlterRelation():
            return _relation(action, said)
        case RenameObject():
            return _renamed(action, said)
        case WorkOn(work=Work.PUBLICATION) if "action" in tree:
            change = _PUBLICATION.get(tree["action"], "") if "pubobjects" in tree else "options"
            return Whole(kind="publication", change=change, name=tree["pubname"])
    return _other(action)


def _relation(action: Action, said: AlterRelation) -> Whole | None:
    if any(change.change is Change.OWNER for change in said.changes):
        return Whole(kind="owner")
    subtypes = [item["AlterTableCmd"]["subtype"] for item in action.tree.get("cmds", ())]
    found = [_ATTRIBUTE[one] for one in subtypes if one in _ATTRIBUTE]
    if said.kind != "type" or not found:
        return None
    words = (said.relation.schema, said.relation.name)
    return Whole(kind="type", change=found[0], name=".".join(filter(None, words)))


def _renamed(action: Action, said: RenameObject) -> Whole | None:
    name = ".".join(said.words)
    match action.tree.get("renameType"):
        case "OBJECT_DOMCONSTRAINT":
            return Whole(kind="domain", change="rename constraint", name=name)
        case "OBJECT_ATTRIBUTE":
            return Whole(kind="type", change="rename attribute", name=name)
    if said.kind == "publication":
        return Whole(kind="publication", change="rename", name=name)
    return Whole(kind="statistics", name=name) if said.kind == "statistics" else None


def _other(action: Action) -> Whole | None:
    tree = action.tree
    if "newowner" in tree:
        return Whole(kind="owner")
    if "stxstattarget" in tree:
        return Whole(kind="statistics", name=".".join(trees.strings(tree.get("defnames"))))
    if "extname" in tree:
        change = "contents" if "action" in tree else "update"
        return Whole(kind="extension", change=change, name=tree["extname"])
    if "action" in tree and "grantees" in str(tree["action"]):
        return Whole(kind="rights")
    return None
