"""What an Action mentions, wherever in it: relations, and words that may be columns."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from zdm.model.commands import Work, WorkOn
from zdm.model.expression import Expression, Words
from zdm.model.statement import Action
from zdm.model.syntax import CreateObject, CreateTableAs, Insert, Read, RelationName, Update
from zdm.parse import libpg_query, trees
from zdm.parse.readers import relations, statements

_Tree = Mapping[str, Any]


def words(action: Action) -> frozenset[str]:
    """Every word in it that may be a name of a column."""
    return frozenset(_words(action.tree))


def _words(tree: _Tree) -> Iterator[str]:
    for key, node in trees.walk({"root": tree}):
        if key == "String":
            yield node.get("sval", "")
        elif key == "IndexElem":
            yield node.get("name", "")


def constants(action: Action) -> frozenset[str]:
    """Every string that it spells out as a value."""
    values = (node for key, node in trees.walk({"root": action.tree}) if key == "A_Const")
    return frozenset(v["sval"].get("sval", "") for v in values if "sval" in v)


def reads(action: Action) -> tuple[RelationName, ...]:
    """Every relation that the Action names, but the one that it changes."""
    return relations.mentioned(action.tree, but=action.tree.get("relation"))


_BY_INDEX = frozenset({"setval", "nextval", "min", "max"})
_OF_ROWS = ("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt")


def with_rows(sql: str) -> tuple[RelationName, ...]:
    """Every relation that a text names where it reads or writes rows."""
    found = (one for one in libpg_query.statements(sql.encode()) if one.node in _OF_ROWS)
    return tuple(name for one in found for name in relations.mentioned(one.tree))


def columns(action: Action) -> frozenset[str]:
    """The last words of all references to columns in it."""
    return frozenset(trees.columns(action.tree))


def columns_of_others(action: Action) -> frozenset[str]:
    """The last words of references to columns in an UPDATE, but those that can only be of the
    row which it changes."""
    tree = action.tree
    relation = tree["relation"]
    alias = relation.get("alias", {}).get("aliasname") or relation["relname"]
    nodes = list(trees.walk({"root": tree}))
    named = [n["aliasname"] for _, n in nodes if "aliasname" in n]
    named += [n["relname"] for _, n in nodes if "relname" in n and "alias" not in n]
    hidden = named.count(alias) > 1  # another one has the name, too
    inner = [n["subselect"] for key, n in nodes if key == "SubLink"]
    beside = [tree[key] for key in ("fromClause", "withClause") if key in tree]
    within = _references([*beside, *inner])
    return frozenset(
        words[-1]
        for words in _references(tree)
        if hidden or words[:-1] != (alias,)
        if len(words) > 1 or beside or words in within
    )


def _references(tree: Any) -> frozenset[Words]:
    nodes = trees.walk({"root": tree})
    found = (trees.strings(node.get("fields")) for key, node in nodes if key == "ColumnRef")
    return frozenset(words for words in found if words)


def is_whole_read(action: Action) -> bool:
    """Whether it runs a query that reads as many rows as there are: one that it stores, or a
    SELECT of tables without WHERE and LIMIT. An index gives min and max."""
    said, tree = action.said, action.tree
    if isinstance(said, CreateTableAs) or _kind(said) == "materialized view":
        return _with_data(tree)
    bounded = "whereClause" in tree or "limitCount" in tree
    by_index = {words[-1] for words in functions(action)} & _BY_INDEX
    return isinstance(said, Read) and not bounded and not by_index


def is_stored(action: Action) -> bool:
    """Whether it keeps the rows of a query in a materialized view."""
    said = action.said
    refreshes = isinstance(said, WorkOn) and said.work is Work.REFRESH
    return refreshes or (_kind(said) == "materialized view" and _with_data(action.tree))


def _with_data(tree: Mapping[str, Any]) -> bool:
    return "query" in tree and not tree.get("into", {}).get("skipData")


def _kind(said: object) -> str:
    return said.kind if isinstance(said, CreateObject) else ""


def functions(action: Action) -> tuple[Words, ...]:
    """Names, as written, of the functions that it calls."""
    return trees.functions(action.tree)


def sequences_set(action: Action) -> Iterator[Words]:
    """The sequences that a call of setval gives a constant, as the words of their names."""
    for key, node in trees.walk({"root": action.tree}):
        if key != "FuncCall" or trees.strings(node.get("funcname"))[-1:] != ("setval",):
            continue
        sequence, value = (*node.get("args", []), {}, {})[:2]
        if not {one for one, _ in trees.walk({"root": value})} & _ASKING:
            constants = [n for one, n in trees.walk({"root": sequence}) if one == "A_Const"]
            text = constants[0].get("sval", {}).get("sval", "") if constants else ""
            yield tuple(word.strip('"') for word in text.split("."))


def defaults(action: Action, columns: Sequence[str]) -> frozenset[str]:
    """Those of the table's columns that an INSERT or UPDATE gives their default, by that word
    or by leaving them out."""
    nodes = trees.walk({"root": action.tree})
    targets = [node for key, node in nodes if key == "ResTarget"]
    found = {node["name"] for node in targets if "SetToDefault" in node.get("val", {})}
    if isinstance(action.said, Insert):
        found |= _left_out(action.tree, action.said.columns or columns, columns)
    return frozenset(found & {*columns})


def _left_out(tree: _Tree, named: Sequence[str], columns: Sequence[str]) -> set[str]:
    source = tree.get("selectStmt", {}).get("SelectStmt", {})
    rows = [row["List"]["items"] for row in source.get("valuesLists", [])]
    selected = [item["ResTarget"]["val"] for item in source.get("targetList", [])]
    if selected and not any(key == "A_Star" for key, _ in trees.walk({"root": selected})):
        rows.append(selected)
    given: list[set[str]] = [
        {name for name, value in zip(named, row, strict=False) if "SetToDefault" not in value}
        for row in rows
    ]
    if not source:  # DEFAULT VALUES
        return {*columns}
    return {*columns} - {*named}.intersection(*given)


def every_column(action: Action) -> bool:
    """Whether it says `*` or NATURAL somewhere."""
    nodes = trees.walk({"root": action.tree})
    return any(key == "A_Star" or node.get("isNatural") for key, node in nodes)


def whole_rows(action: Action, *but: str) -> frozenset[str]:
    """The tables and aliases whose rows it names whole, as `t`, `s.t` or `t.*`; a word of `but`
    is a column."""
    nodes = list(trees.walk({"root": action.tree}))
    named = {node.get("relname", node.get("aliasname", "")) for _, node in nodes}
    refs = [trees.strings(node["fields"]) for key, node in nodes if key == "ColumnRef"]
    found = {
        words[-1]
        for words in refs
        if len(words) == 1 or (len(words) == 2 and words[0] not in named)
    }
    return frozenset(found & named - {*but})


def renames(action: Action) -> bool:
    """Whether its rows have columns that it does not name as their table does: by a list of
    names behind an alias, USING or NATURAL."""
    return any(
        "colnames" in node or "usingClause" in node or "isNatural" in node
        for _, node in trees.walk({"root": action.tree})
    )


def own_names(action: Action) -> frozenset[str]:
    """The table that it changes, by its name and its alias."""
    relation = action.tree.get("relation", {})
    alias = relation.get("alias", {}).get("aliasname")
    return frozenset(name for name in (relation.get("relname"), alias) if name)


def queries(action: Action) -> frozenset[str]:
    """The names of WITH in it."""
    nodes = trees.walk({"root": action.tree})
    return frozenset(n.get("ctename", "") for key, n in nodes if key == "CommonTableExpr")


_CHOOSES = ("limitCount", "limitOffset", "lockingClause")


def chooses(action: Action, but: Collection[Any] = ()) -> bool:
    """Whether a query in it takes some rows of several: LIMIT, DISTINCT ON, TABLESAMPLE …;
    `but`: queries that take the same ones each time."""
    return any(
        key == "RangeTableSample"
        or any(node.get(name) for name in _CHOOSES)
        or any(node.get("distinctClause", ()))  # of DISTINCT alone it is [{}]
        for key, node in trees.walk({"root": action.tree})
        if not any(node is one for one in but)
    )


def draws(action: Action) -> bool:
    """Whether a query in it takes rows at random or by who holds them: TABLESAMPLE, FOR UPDATE
    SKIP LOCKED …"""
    return any(
        key == "RangeTableSample" or node.get("lockingClause")
        for key, node in trees.walk({"root": action.tree})
    )


class Taken(Struct, frozen=True, kw_only=True):
    """A relation whose rows a query takes, and the tests of its WHERE that are about a row of
    that alone."""

    relation: RelationName
    tests: tuple[Expression, ...] = ()


def rows_from(action: Action) -> tuple[Taken, ...] | None:
    """The relations whose rows an INSERT takes, that is those in FROM or WITH: without any, its
    text says how many rows there are at most. None where a function gives rows, or a WITH
    takes them from itself."""
    source = action.tree.get("selectStmt", {}).get("SelectStmt", {})
    queries = [{"withClause": one.get("withClause", {})} for one in (action.tree, source)]
    found = list(_taken(queries, {}))
    parts = list(_parts(source))
    for select in parts:
        found += _taken([select.get("fromClause"), select.get("withClause")], select)
    whole = [{name: part.get(name, []) for name in _GIVES} for part in parts]
    return None if _makes([*whole, *queries]) else tuple(found)


_GIVES = ("targetList", "fromClause", "withClause")


def _makes(tree: Any) -> bool:
    """Whether it has rows that are in no table."""
    nodes = trees.walk({"root": tree})
    return any({*words} & SETS for words in trees.functions(tree)) or any(
        key == "RangeFunction" or node.get("recursive") for key, node in nodes
    )


def _taken(tree: Any, select: _Tree) -> Iterator[Taken]:
    match tree:
        case {"SelectStmt": inner}:
            for part in inner.values():
                yield from _taken(part, inner)
        case {"relname": _}:
            tests = tuple(Expression(test) for test in _of_one(tree, select))
            yield Taken(relation=relations.read(tree), tests=tests)
        case Mapping():
            for part in tree.values():
                yield from _taken(part, select)
        case list():
            for part in tree:
                yield from _taken(part, select)


def _of_one(relation: _Tree, select: _Tree) -> Iterator[_Tree]:
    """The tests of a WHERE that name no other row than that of the relation."""
    given = relation.get("alias", {})
    if given.get("colnames"):
        return  # the names of its columns are others here
    alias = given.get("aliasname") or relation["relname"]
    joined = select.get("fromClause", [])
    bare = {1} if len(joined) == 1 and "RangeVar" in joined[0] else set[int]()
    for test in trees.tests(select.get("whereClause", {})):
        nodes = list(trees.walk({"root": test}))
        refs = [trees.strings(node["fields"]) for key, node in nodes if key == "ColumnRef"]
        if all(len(words) in bare or words[:-1] == (alias,) for words in refs):
            yield test


def inserted(action: Action) -> tuple[tuple[Expression | None, ...], ...]:
    """The values of each row that an INSERT writes out, or of its SELECT; None: DEFAULT."""
    found: list[Any] = []
    for select in _parts(action.tree.get("selectStmt", {}).get("SelectStmt", {})):
        found += [values["List"]["items"] for values in select.get("valuesLists", [])]
        if "targetList" in select:
            found.append([target["ResTarget"]["val"] for target in select["targetList"]])
    return tuple(
        tuple(None if "SetToDefault" in one else Expression(one) for one in row)
        for row in found
    )


def updates_again(action: Action) -> bool:
    """Whether ON CONFLICT DO UPDATE sets values that follow from those that are there."""
    clause = action.tree.get("onConflictClause", {})
    changes = [target["ResTarget"] for target in clause.get("targetList", [])]
    targets = {one.get("name") for one in changes}
    read = [words for one in changes for words in references(Expression(one["val"]))]
    return any(words[0] != "excluded" and words[-1] in targets for words in read)


def conflict_constraint(action: Action) -> str:
    """The constraint that ON CONFLICT ON CONSTRAINT names."""
    found: str = action.tree.get("onConflictClause", {}).get("infer", {}).get("conname", "")
    return found


def references(expression: Expression) -> tuple[Words, ...]:
    """The columns that it names, as written."""
    nodes = trees.walk({"root": expression.tree})
    found = (trees.strings(n.get("fields")) for key, n in nodes if key == "ColumnRef")
    return tuple(words for words in found if words)


def _parts(select: _Tree) -> Iterator[_Tree]:
    """The SELECTs that a UNION joins."""
    sides = [select[side] for side in ("larg", "rarg") if side in select]
    if not sides:
        yield select
    for side in sides:
        yield from _parts(side.get("SelectStmt", side))


SETS = frozenset(
    re.findall(
        r"\w+",
        """generate_series unnest regexp_split_to_table string_to_table json_array_elements
    json_array_elements_text jsonb_array_elements jsonb_array_elements_text json_each jsonb_each
    json_each_text jsonb_each_text json_object_keys jsonb_object_keys generate_subscripts
    json_populate_recordset jsonb_populate_recordset json_to_recordset jsonb_to_recordset
    jsonb_path_query jsonb_path_query_tz regexp_matches aclexplode ts_debug ts_parse ts_stat
    ts_token_type txid_snapshot_xip pg_snapshot_xip""",
    )
)


_ASKING = frozenset({"FuncCall", "SubLink", "ColumnRef"})  # what is no constant
CHANGING = (Insert, Update, WorkOn, Read)  # what `Action.said` may be where rows are changed
_CHANGES = {
    "Insert": "InsertStmt",
    "Update": "UpdateStmt",
    Work.DELETE: "DeleteStmt",
    Work.MERGE: "MergeStmt",
}
_JOINED = ("fromClause", "usingClause")
_WITHOUT_ROWS = frozenset({Work.GRANT, Work.GRANT_IN_SCHEMA})  # they hold no statement


class RowChange(Struct, frozen=True, kw_only=True):
    """One of them. `joined`: rows of other tables choose which it changes."""

    said: Insert | Update | WorkOn
    joined: bool

    @property
    def where(self) -> Expression | None:
        """Its condition, if it has one."""
        return None if isinstance(self.said, Insert) else self.said.where

    @property
    def is_merge(self) -> bool:
        """Whether it is a MERGE."""
        return isinstance(self.said, WorkOn) and self.said.work is Work.MERGE

    @property
    def written_out(self) -> bool:
        """Whether it is an INSERT of rows that it spells out, which are few."""
        return isinstance(self.said, Insert) and self.said.written_out


def row_changes(action: Action) -> Iterator[RowChange]:
    """All of a statement, those in WITH after the statement itself."""
    said = action.said
    if not isinstance(said, CHANGING):
        return
    name = said.work if isinstance(said, WorkOn) else type(said).__name__
    if name in _WITHOUT_ROWS:
        return
    root = _CHANGES.get(name, "")
    for key, node in trees.walk({root or "query": action.tree}):
        found = statements.read(key, node) if key in _CHANGES.values() else None
        if isinstance(found, Insert | Update | WorkOn):
            yield RowChange(said=found, joined=any(node.get(name) for name in _JOINED))
