"""CREATE of schemas, types, domains, extensions, sequences, views and routines."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from zdm.model.expression import Expression, TypeName, Words
from zdm.model.syntax import (
    CreateObject,
    CreateTrigger,
    Parameter,
    RelationName,
    Routine,
    SequenceOptions,
)
from zdm.parse import expressions, libpg_query, trees, types
from zdm.parse.readers import relations

_Tree = Mapping[str, Any]
_KINDS = {
    "CreateSchemaStmt": "schema",
    "CreateExtensionStmt": "extension",
    "CreateSeqStmt": "sequence",
    "ViewStmt": "view",
    "CreateTableAsStmt": "materialized view",
    "CreateFunctionStmt": "function",
    "CreateEnumStmt": "enum",
    "CreateDomainStmt": "domain",
    "CompositeTypeStmt": "composite",
    "CreateRangeStmt": "range",
}
NODES = frozenset(_KINDS) - {"CreateTableAsStmt"}
_INPUT = frozenset(
    {"FUNC_PARAM_DEFAULT", "FUNC_PARAM_IN", "FUNC_PARAM_INOUT", "FUNC_PARAM_VARIADIC"}
)
_MODES = {
    "FUNC_PARAM_OUT": "out",
    "FUNC_PARAM_INOUT": "inout",
    "FUNC_PARAM_VARIADIC": "variadic",
    "FUNC_PARAM_TABLE": "table",
}
_BOUNDS = {"minvalue": "minimum", "maxvalue": "maximum"}
_INTEGERS = {"int2": "smallint", "int4": "integer", "int8": "bigint"}
_CHANGING = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_CONSTRAINING = frozenset({"CONSTR_CHECK", "CONSTR_NOTNULL"})


def reader(node: str) -> Callable[[_Tree], CreateObject]:
    """The reader of that kind of node."""
    return partial(read, node)


def read(node: str, tree: _Tree) -> CreateObject:
    """What the statement makes."""
    kind = _KINDS[node]
    relation = _relation(tree)
    if kind == "function" and tree.get("is_procedure"):
        kind = "procedure"
    query = tree.get("query")
    options = _options(tree) if kind in ("function", "procedure") else {}
    body = _body(tree) if options.get("language") == "sql" else []
    return CreateObject(
        kind=kind,
        words=_words(kind, tree, relation),
        temporary=relation is not None and relation.persistence == "temporary",
        replaces=bool(tree.get("replace")),
        if_not_exists=bool(tree.get("if_not_exists")),
        arguments=_arguments(tree),
        labels=trees.strings(tree.get("vals")),
        constrained=any(
            c["Constraint"]["contype"] in _CONSTRAINING for c in tree.get("constraints", [])
        ),
        language=options.get("language", ""),
        volatility=options.get("volatility", ""),
        query=None if query is None else Expression(query),
        columns=_view_columns(tree) if kind == "view" else (),
        reads=relations.mentioned(tree),
        body_reads=tuple(r for one in body for r in relations.mentioned(one)),
        body_writes=tuple(_written([*body, tree.get("sql_body")])),
        owner=sequence_owner(tree) if kind == "sequence" else (),
        sequence=sequence_options(tree) if kind == "sequence" else None,
        open_definer=_is_open_definer(tree),
        with_elements="schemaElts" in tree,
        routine=_routine(tree) if kind in ("function", "procedure") else None,
    )


def trigger(tree: _Tree) -> CreateTrigger:
    """CREATE TRIGGER."""
    when = tree.get("whenClause")
    named = trees.strings(tree.get("columns"))
    used = expressions.columns(Expression(when)) if when is not None else ()
    return CreateTrigger(
        name=tree.get("trigname", ""),
        table=relations.read(tree["relation"]),
        function=trees.strings(tree.get("funcname")),
        columns=tuple(dict.fromkeys([*named, *used])),
        replaces=bool(tree.get("replace")),
        per_row=bool(tree.get("row")),
        constraint=bool(tree.get("isconstraint")),
        other=relations.read(tree["constrrel"]) if "constrrel" in tree else None,
    )


def _relation(tree: _Tree) -> RelationName | None:
    into: _Tree = tree.get("into", {})
    node = tree.get("sequence") or tree.get("view") or tree.get("typevar") or into.get("rel")
    return None if node is None else relations.read(node)


def _words(kind: str, tree: _Tree, relation: RelationName | None) -> Words:
    if kind in ("schema", "extension"):
        word = tree.get("schemaname") or tree.get("extname")
        return (str(word),) if word else ()
    if relation is not None:
        return (relation.schema, relation.name) if relation.schema else (relation.name,)
    key = "domainname" if kind == "domain" else "typeName"
    return trees.strings(tree.get(key)) or trees.strings(tree.get("funcname"))


def _arguments(tree: _Tree) -> tuple[TypeName, ...]:
    parameters = [p["FunctionParameter"] for p in tree.get("parameters", [])]
    return tuple(types.read(p["argType"]) for p in parameters if p["mode"] in _INPUT)


def _routine(tree: _Tree) -> Routine:
    returns = tree.get("returnType")
    options = [item["DefElem"] for item in tree.get("options", [])]
    return Routine(
        parameters=tuple(
            Parameter(
                name=one.get("name", ""),
                mode=_MODES.get(one["mode"], "in"),
                type=types.read(one["argType"]),
                has_default="defexpr" in one,
            )
            for one in (p["FunctionParameter"] for p in tree.get("parameters", []))
        ),
        returns=None if returns is None else types.read(returns),
        returns_set=bool(returns and returns.get("setof")),
        leakproof=any(
            o["defname"] == "leakproof" and o.get("arg", {}).get("Boolean", {}).get("boolval")
            for o in options
        ),
    )


def _view_columns(tree: _Tree) -> Words:
    """Its aliases, or the names that the query gives; none where it has a * or the like."""
    aliases = trees.strings(tree.get("aliases"))
    targets = tree.get("query", {}).get("SelectStmt", {}).get("targetList", [])
    named = tuple(_column_name(item["ResTarget"]) for item in targets)
    if not all(named):
        return ()
    return (*aliases, *named[len(aliases) :])


def _column_name(target: _Tree) -> str:
    fields = target["val"].get("ColumnRef", {}).get("fields", [])
    last = trees.strings(fields[-1:])
    return str(target.get("name") or (last[0] if last else ""))


def _is_open_definer(tree: _Tree) -> bool:
    options = [item["DefElem"] for item in tree.get("options", [])]
    args = {o["defname"]: o.get("arg", {}) for o in options if o["defname"] != "set"}
    set_ = {o["arg"]["VariableSetStmt"]["name"] for o in options if o["defname"] == "set"}
    definer = args.get("security", {}).get("Boolean", {}).get("boolval", False)
    return bool(definer) and "search_path" not in set_


def _body(tree: _Tree) -> list[Any]:
    """The statements of a body of SQL in a string."""
    found = (item["DefElem"] for item in tree.get("options", []))
    texts = (o["arg"]["List"]["items"] for o in found if o["defname"] == "as")
    body = next((trees.strings(items)[0] for items in texts), "")
    try:
        return [{one.node: one.tree} for one in libpg_query.statements(body.encode())]
    except libpg_query.NotSqlError:
        return []


def _written(tree: Any) -> Iterator[RelationName]:
    """The relations whose rows a statement in it changes."""
    for key, node in trees.walk({"root": tree}):
        if key in _CHANGING:
            yield relations.read(node["relation"])


def _options(tree: _Tree) -> dict[str, str]:
    """Options of a routine whose value is one word."""
    found = (item["DefElem"] for item in tree.get("options", []))
    return {
        option["defname"]: option.get("arg", {}).get("String", {}).get("sval", "")
        for option in found
    }


def sequence_options(tree: _Tree) -> SequenceOptions:
    """Options of CREATE and ALTER SEQUENCE, all but OWNED BY and RESTART."""
    said = {item["DefElem"]["defname"]: item["DefElem"] for item in tree.get("options", [])}
    numbers = {name: _number(one.get("arg", {})) for name, one in said.items()}
    return SequenceOptions(
        type=_integer(said.get("as", {})),
        increment=numbers.get("increment"),
        minimum=numbers.get("minvalue"),
        maximum=numbers.get("maxvalue"),
        start=numbers.get("start"),
        cache=numbers.get("cache"),
        cycle=_truth(said["cycle"]) if "cycle" in said else None,
        without=frozenset(
            word for name, word in _BOUNDS.items() if name in said and "arg" not in said[name]
        ),
    )


def sequence_owner(tree: _Tree) -> Words:
    """The words of OWNED BY; none for OWNED BY NONE."""
    words = _owned_by(tree)
    return () if words == ("none",) else words


def is_disowned(tree: _Tree) -> bool:
    """Whether it says OWNED BY NONE."""
    return _owned_by(tree) == ("none",)


def is_restarted(tree: _Tree) -> bool:
    """Whether it says RESTART."""
    return any(item["DefElem"]["defname"] == "restart" for item in tree.get("options", []))


def _owned_by(tree: _Tree) -> Words:
    found = [item["DefElem"] for item in tree.get("options", [])]
    owned: _Tree = next((o for o in found if o["defname"] == "owned_by"), {})
    return trees.strings(owned.get("arg", {}).get("List", {}).get("items"))


def _integer(option: _Tree) -> str:
    words = trees.strings(option.get("arg", {}).get("TypeName", {}).get("names"))
    return _INTEGERS.get(words[-1], "") if words else ""


def _number(argument: _Tree) -> int | None:
    if "Float" in argument:
        text = str(argument["Float"].get("fval", ""))
        return int(text) if text.lstrip("-").isdigit() else None
    return int(argument["Integer"].get("ival", 0)) if "Integer" in argument else None


def _truth(option: _Tree) -> bool:
    return bool(option.get("arg", {}).get("Boolean", {}).get("boolval"))
