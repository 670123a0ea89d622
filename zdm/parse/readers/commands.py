"""Statements about tables and other relations that do not define them."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from zdm.model.commands import (
    AlterDomain,
    AlterRelation,
    AlterSequence,
    AlterTable,
    Change,
    NoRelation,
    SetSchema,
    Work,
    WorkOn,
)
from zdm.model.expression import Expression
from zdm.model.locks import LockMode
from zdm.model.syntax import Other, PartitionBound, RelationName
from zdm.parse import expressions, trees
from zdm.parse.readers import changed_objects, new_objects, no_relation, relations

_Tree = Mapping[str, Any]
_BESIDE = ("usingClause", "withClause", "returningList", "returningClause")
_CHANGES = {
    "AT_SetStatistics": Change.SET_STATISTICS,
    "AT_SetStorage": Change.SET_STORAGE,
    "AT_SetCompression": Change.SET_COMPRESSION,
    "AT_SetOptions": Change.SET_COLUMN_OPTIONS,
    "AT_ResetOptions": Change.SET_COLUMN_OPTIONS,
    "AT_SetExpression": Change.SET_EXPRESSION,
    "AT_DropExpression": Change.DROP_EXPRESSION,
    "AT_AddIdentity": Change.ADD_IDENTITY,
    "AT_SetIdentity": Change.SET_IDENTITY,
    "AT_DropIdentity": Change.DROP_IDENTITY,
    "AT_AlterConstraint": Change.ALTER_CONSTRAINT,
    "AT_SetRelOptions": Change.SET_OPTIONS,
    "AT_ResetRelOptions": Change.SET_OPTIONS,
    "AT_ChangeOwner": Change.OWNER,
    "AT_EnableRowSecurity": Change.ROW_SECURITY,
    "AT_DisableRowSecurity": Change.ROW_SECURITY,
    "AT_ForceRowSecurity": Change.ROW_SECURITY,
    "AT_NoForceRowSecurity": Change.ROW_SECURITY,
    "AT_EnableTrig": Change.TRIGGER,
    "AT_EnableAlwaysTrig": Change.TRIGGER,
    "AT_EnableReplicaTrig": Change.TRIGGER,
    "AT_DisableTrig": Change.TRIGGER,
    "AT_EnableTrigAll": Change.TRIGGER,
    "AT_DisableTrigAll": Change.TRIGGER,
    "AT_EnableTrigUser": Change.TRIGGER,
    "AT_DisableTrigUser": Change.TRIGGER,
    "AT_EnableRule": Change.RULE,
    "AT_EnableAlwaysRule": Change.RULE,
    "AT_EnableReplicaRule": Change.RULE,
    "AT_DisableRule": Change.RULE,
    "AT_ReplicaIdentity": Change.REPLICA_IDENTITY,
    "AT_ClusterOn": Change.CLUSTER_ON,
    "AT_DropCluster": Change.CLUSTER_ON,
    "AT_SetLogged": Change.SET_LOGGED,
    "AT_SetUnLogged": Change.SET_UNLOGGED,
    "AT_SetTableSpace": Change.SET_TABLESPACE,
    "AT_SetAccessMethod": Change.SET_ACCESS_METHOD,
    "AT_AddInherit": Change.INHERIT,
    "AT_DropInherit": Change.NO_INHERIT,
    "AT_AttachPartition": Change.ATTACH_PARTITION,
    "AT_DetachPartition": Change.DETACH_PARTITION,
    "AT_DetachPartitionFinalize": Change.FINALIZE_DETACH,
    "AT_AddOf": Change.OF_TYPE,
    "AT_DropOf": Change.OF_TYPE,
    "AT_GenericOptions": Change.FOREIGN_OPTIONS,
    "AT_AlterColumnGenericOptions": Change.FOREIGN_OPTIONS,
}
_FIRES = {
    "AT_EnableTrig": "O",
    "AT_EnableAlwaysTrig": "A",
    "AT_EnableReplicaTrig": "R",
    "AT_DisableTrig": "D",
    "AT_EnableTrigAll": "O",
    "AT_DisableTrigAll": "D",
    "AT_EnableTrigUser": "O",
    "AT_DisableTrigUser": "D",
}
_KINDS = {
    "OBJECT_INDEX": "index",
    "OBJECT_VIEW": "view",
    "OBJECT_MATVIEW": "materialized view",
    "OBJECT_SEQUENCE": "sequence",
    "OBJECT_FOREIGN_TABLE": "foreign table",
    "OBJECT_TYPE": "type",
}
_IDENTITIES = {"a": "always", "d": "by default"}
_REPLICA = {"f": "full", "n": "nothing", "d": "default", "i": "index"}
_STRATEGIES = {"r": "range", "l": "list", "h": "hash"}
_REINDEXED = {
    "REINDEX_OBJECT_INDEX": Work.REINDEX_INDEX,
    "REINDEX_OBJECT_TABLE": Work.REINDEX_TABLE,
    "REINDEX_OBJECT_SCHEMA": Work.REINDEX_SCHEMA,
    "REINDEX_OBJECT_DATABASE": Work.REINDEX_DATABASE,
    "REINDEX_OBJECT_SYSTEM": Work.REINDEX_DATABASE,
}
_MODES = tuple(LockMode)  # in the order of their numbers, from 1
_CHECKING = frozenset({"C", "O", "V"})  # ADD CONSTRAINT, SET NOT NULL, VALIDATE


def change(tree: _Tree) -> AlterTable:
    """A sub-command of ALTER TABLE that has no type of its own."""
    found: _Tree = tree.get("def", {})
    partition: _Tree = found.get("PartitionCmd", {})
    node = partition.get("name") or found.get("RangeVar")
    other = None if node is None else relations.read(node)
    altered: _Tree = found.get("ATAlterConstraint", {})
    index = found.get("ReplicaIdentityStmt", {}).get("name", "")
    return AlterTable(
        change=_CHANGES.get(tree["subtype"], Change.OTHER),
        name=tree.get("name") or altered.get("conname", "") or index,
        other=_named(found["TypeName"])
        if "TypeName" in found
        else other or _new_sequence(found),
        bound=bound(partition["bound"]) if "bound" in partition else None,
        options=(*_options(found.get("List", {}).get("items")), *_altered(altered)),
        identity=_identity(found),
        fires=_FIRES.get(tree["subtype"], ""),
        enforced=bool(altered.get("alterEnforceability") and altered.get("is_enforced")),
        concurrently=bool(partition.get("concurrent")),
    )


def _identity(found: _Tree) -> str:
    """What ADD GENERATED or SET GENERATED says, among other options; or REPLICA IDENTITY."""
    if "ReplicaIdentityStmt" in found:
        return _REPLICA.get(found["ReplicaIdentityStmt"].get("identity_type", ""), "")
    if "Constraint" in found:
        return _IDENTITIES.get(found["Constraint"].get("generated_when", ""), "")
    options = [item.get("DefElem", {}) for item in found.get("List", {}).get("items", [])]
    said = [o["arg"]["Integer"]["ival"] for o in options if o.get("defname") == "generated"]
    return _IDENTITIES.get(chr(said[-1]), "") if said else ""


def _new_sequence(found: _Tree) -> RelationName | None:
    """The name that ADD GENERATED gives the sequence."""
    for item in found.get("Constraint", {}).get("options", ()):
        if item["DefElem"]["defname"] == "sequence_name":
            words = trees.strings(item["DefElem"]["arg"]["List"]["items"])
            return RelationName(schema=words[-2] if len(words) > 1 else "", name=words[-1])
    return None


def _named(node: _Tree) -> RelationName:
    words = trees.strings(node.get("names"))
    return RelationName(schema=words[-2] if len(words) > 1 else "", name=words[-1])


def bound(node: _Tree) -> PartitionBound:
    """Of a partition."""
    if node.get("is_default"):
        return PartitionBound(kind="default")
    return PartitionBound(
        kind=_STRATEGIES.get(node.get("strategy", ""), ""),
        lower=tuple(Expression(item) for item in node.get("lowerdatums", [])),
        upper=tuple(Expression(item) for item in node.get("upperdatums", [])),
        values=tuple(Expression(item) for item in node.get("listdatums", [])),
    )


def _options(items: Any) -> tuple[str, ...]:
    return tuple(item["DefElem"]["defname"] for item in items or () if "DefElem" in item)


def _altered(node: _Tree) -> tuple[str, ...]:
    words = {
        "alterDeferrability": "deferrability",
        "alterEnforceability": "enforcement",
        "alterInheritability": "inheritance",
    }
    return tuple(word for key, word in words.items() if node.get(key))


def alter_relation(tree: _Tree) -> AlterRelation | Other:
    """ALTER INDEX, VIEW, SEQUENCE … with the clauses of ALTER TABLE."""
    kind = _KINDS.get(tree.get("objtype", ""))
    if kind is None:
        return Other(reads=relations.mentioned(tree))
    commands = [item["AlterTableCmd"] for item in tree["cmds"]]
    return AlterRelation(
        kind=kind,
        relation=relations.read(tree["relation"]),
        changes=tuple(change(command) for command in commands),
        cascade=any(command.get("behavior") == "DROP_CASCADE" for command in commands),
    )


def _of_rows(work: Work) -> Callable[[_Tree], WorkOn]:
    def read(tree: _Tree) -> WorkOn:
        node = tree["relation"]
        return WorkOn(
            work=work,
            relations=(relations.read(node),),
            reads=relations.mentioned(tree, but=node),
            all_rows="whereClause" not in tree and "usingClause" not in tree,
        )

    return read


def _delete(tree: _Tree) -> WorkOn:
    where = tree.get("whereClause")
    return replace(
        _of_rows(Work.DELETE)(tree),
        where=None if where is None else Expression(where),
        plain=not any(tree.get(key) for key in _BESIDE),
        features=expressions.features_of(tree),
    )


def _copy(tree: _Tree) -> WorkOn:
    work = Work.COPY_IN if tree.get("is_from") else Work.COPY_OUT
    if "relation" in tree:
        return WorkOn(work=work, relations=(relations.read(tree["relation"]),))
    return WorkOn(work=work, reads=relations.mentioned(tree))


def _listed(tree: _Tree) -> tuple[RelationName, ...]:
    nodes = (item.get("RangeVar") for item in tree.get("relations", []))
    return tuple(relations.read(node) for node in nodes if node is not None)


def _truncate(tree: _Tree) -> WorkOn:
    return WorkOn(
        work=Work.TRUNCATE,
        relations=_listed(tree),
        cascade=tree.get("behavior") == "DROP_CASCADE",
        restart=bool(tree.get("restart_seqs")),
    )


def _lock(tree: _Tree) -> WorkOn:
    return WorkOn(work=Work.LOCK, relations=_listed(tree), mode=_MODES[tree["mode"] - 1])


def _vacuum(tree: _Tree) -> WorkOn:
    named = [item["VacuumRelation"].get("relation") for item in tree.get("rels", [])]
    work = Work.VACUUM if tree.get("is_vacuumcmd") else Work.ANALYZE
    if work is Work.VACUUM and "full" in switched_on(tree.get("options")):
        work = Work.VACUUM_FULL
    return WorkOn(work=work, relations=tuple(relations.read(n) for n in named if n is not None))


def switched_on(items: Any) -> frozenset[str]:
    """Options in parentheses that are not said to be off."""
    off = {"false", "off", "0", "no"}
    found = set()
    for item in items or ():
        option = item["DefElem"]
        words = {
            str(value.get("sval", value.get("ival", value.get("boolval", ""))))
            for value in option.get("arg", {}).values()
        }
        if not words & off and option.get("arg") != {"Integer": {}}:
            found.add(option["defname"])
    return frozenset(found)


def _cluster(tree: _Tree) -> WorkOn:
    named = tree.get("relation")
    return WorkOn(
        work=Work.CLUSTER, relations=() if named is None else (relations.read(named),)
    )


def _reindex(tree: _Tree) -> WorkOn:
    named = tree.get("relation")
    return WorkOn(
        work=_REINDEXED[tree["kind"]],
        relations=() if named is None else (relations.read(named),),
        name=tree.get("name", ""),
        concurrently="concurrently" in switched_on(tree.get("params")),
    )


def _refresh(tree: _Tree) -> WorkOn:
    return WorkOn(
        work=Work.REFRESH,
        relations=(relations.read(tree["relation"]),),
        concurrently=bool(tree.get("concurrent")),
        empties=bool(tree.get("skipData")),
    )


def _on(work: Work, key: str) -> Callable[[_Tree], WorkOn]:
    def read(tree: _Tree) -> WorkOn:
        node = tree[key]
        reads = relations.mentioned(tree, but=node)
        return WorkOn(work=work, relations=(relations.read(node),), reads=reads)

    return read


def _statistics(tree: _Tree) -> WorkOn:
    return WorkOn(work=Work.CREATE_STATISTICS, relations=_listed(tree))


def _publication(tree: _Tree) -> WorkOn:
    objects = [item["PublicationObjSpec"] for item in tree.get("pubobjects", [])]
    tables = [item["pubtable"]["relation"] for item in objects if "pubtable" in item]
    schemas = next((item["name"] for item in objects if "name" in item), "")
    return WorkOn(
        work=Work.PUBLICATION,
        relations=tuple(map(relations.read, tables)),
        name=schemas,
        all_tables=bool(tree.get("for_all_tables")),
        publishes_changes=_publishes_changes(tree),
    )


def _publishes_changes(tree: _Tree) -> bool:
    """UPDATE and DELETE, too: all is published unless it says less."""
    if tree.get("action") == "AP_DropObjects":
        return False
    options = [item["DefElem"] for item in tree.get("options", [])]
    said = (o.get("arg", {}).get("String", {}) for o in options if o["defname"] == "publish")
    words = next((str(one.get("sval", "")).lower() for one in said), "update, delete")
    return "update" in words or "delete" in words


def _grant(tree: _Tree) -> WorkOn | NoRelation:
    revokes = not tree.get("is_grant")
    if tree.get("targtype") == "ACL_TARGET_ALL_IN_SCHEMA":
        (schema, *_) = trees.strings(tree.get("objects"))
        return WorkOn(work=Work.GRANT_IN_SCHEMA, name=schema, revokes=revokes)
    named = [item["RangeVar"] for item in tree.get("objects", []) if "RangeVar" in item]
    if not named:
        return NoRelation(statement="REVOKE" if revokes else "GRANT")
    tables = tuple(map(relations.read, named))
    return WorkOn(work=Work.GRANT, relations=tables, revokes=revokes)


def _label(tree: _Tree) -> WorkOn | NoRelation | Other:
    if tree.get("objtype") != "OBJECT_TABLE":
        return Other()
    named = _named({"names": tree["object"]["List"]["items"]})
    return WorkOn(work=Work.SECURITY_LABEL, relations=(named,))


def _schema_move(tree: _Tree) -> SetSchema:
    named = tree.get("relation")
    return SetSchema(
        relation=None if named is None else relations.read(named),
        kind=changed_objects.kind(tree.get("objectType", "")),
        words=changed_objects.named(tree),
        schema=tree.get("newschema", ""),
        arguments=changed_objects.arguments(tree.get("object", {})),
    )


def _sequence(tree: _Tree) -> AlterSequence:
    return AlterSequence(
        sequence=relations.read(tree["sequence"]),
        owner=new_objects.sequence_owner(tree),
        disowns=new_objects.is_disowned(tree),
        options=new_objects.sequence_options(tree),
        restarts=new_objects.is_restarted(tree),
        if_exists=bool(tree.get("missing_ok")),
    )


def _domain(tree: _Tree) -> AlterDomain:
    not_valid = tree.get("def", {}).get("Constraint", {}).get("skip_validation", False)
    return AlterDomain(
        words=trees.strings(tree.get("typeName")),
        checks=tree.get("subtype") in _CHECKING and not not_valid,
    )


READERS: Mapping[str, Callable[[_Tree], Any]] = {
    "AlterTableStmt": alter_relation,
    "DeleteStmt": _delete,
    "MergeStmt": _of_rows(Work.MERGE),
    "CopyStmt": _copy,
    "TruncateStmt": _truncate,
    "LockStmt": _lock,
    "VacuumStmt": _vacuum,
    "ClusterStmt": _cluster,
    "ReindexStmt": _reindex,
    "RefreshMatViewStmt": _refresh,
    "CreatePolicyStmt": _on(Work.POLICY, "table"),
    "AlterPolicyStmt": _on(Work.POLICY, "table"),
    "RuleStmt": _on(Work.CREATE_RULE, "relation"),
    "CreateStatsStmt": _statistics,
    "CreatePublicationStmt": _publication,
    "AlterPublicationStmt": _publication,
    "GrantStmt": _grant,
    "SecLabelStmt": _label,
    "AlterObjectSchemaStmt": _schema_move,
    "AlterSeqStmt": _sequence,
    "AlterDomainStmt": _domain,
    **no_relation.READERS,
}
