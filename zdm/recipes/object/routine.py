"""Functions and procedures that are there: which one a statement means, and what uses it.

PostgreSQL knows which indexes, constraints, defaults, triggers and views call a function, not
which functions do, since most bodies are text (manual, Dependency Tracking).
"""

import re
from collections.abc import Iterator, Sequence

from zdm.model.catalog.database import Other
from zdm.model.schema import Function, Name, Snapshot, Table
from zdm.model.sql import literal
from zdm.model.statement import Action
from zdm.model.syntax import CreateObject, DropObjects
from zdm.parse import emit
from zdm.parse.emit import Body, Constant, Ident, Part, Qualified, TypeText
from zdm.parse.readers import texts
from zdm.schema import default_volatility, lookup, routines, signatures

_ROUTINE = "SELECT pg_catalog.to_regprocedure({n}) IS NOT NULL"
_OWNED = (
    "SELECT pg_catalog.pg_has_role(p.proowner, 'USAGE') FROM pg_catalog.pg_proc AS p"
    " WHERE p.oid = pg_catalog.to_regprocedure({n})"
)
_DEFINER = re.compile(r"\bSECURITY\s+DEFINER\b", re.IGNORECASE)
_MADE_AGAIN = """
DECLARE
  former pg_catalog.pg_proc;
  entry record;
BEGIN
  SELECT p.* INTO STRICT former FROM pg_catalog.pg_proc AS p
    WHERE p.oid = pg_catalog.to_regprocedure({it});
  DROP ROUTINE {routine};
  {create};
  EXECUTE pg_catalog.format('ALTER ROUTINE %s OWNER TO %s', {it},
    former.proowner::pg_catalog.regrole);
  FOR entry IN SELECT DISTINCT e.grantee
    FROM pg_catalog.pg_proc AS p, pg_catalog.aclexplode(
      COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS e
    WHERE p.oid = pg_catalog.to_regprocedure({it}) AND e.grantee <> p.proowner
      AND p.proacl IS DISTINCT FROM former.proacl
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM %s', {it},
      CASE entry.grantee WHEN 0 THEN 'PUBLIC' ELSE entry.grantee::pg_catalog.regrole::text END);
  END LOOP;
  FOR entry IN SELECT e.grantee, e.is_grantable
    FROM pg_catalog.pg_proc AS p, pg_catalog.aclexplode(
      COALESCE(former.proacl, pg_catalog.acldefault('f', former.proowner))) AS e
    WHERE p.oid = pg_catalog.to_regprocedure({it}) AND e.grantee <> p.proowner
      AND p.proacl IS DISTINCT FROM former.proacl
  LOOP
    EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO %s%s', {it},
      CASE entry.grantee WHEN 0 THEN 'PUBLIC' ELSE entry.grantee::pg_catalog.regrole::text END,
      CASE WHEN entry.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
END
"""
_RENAMED = """
BEGIN
  IF ({there}) THEN
    {sql};
  END IF;
END
"""
_COPIED = """
DECLARE
  renamed pg_catalog.pg_proc;
  entry record;
BEGIN
  SELECT p.* INTO STRICT renamed FROM pg_catalog.pg_proc AS p
    WHERE p.oid = pg_catalog.to_regprocedure({new});
  EXECUTE pg_catalog.format('ALTER ROUTINE %s OWNER TO %s', {it},
    renamed.proowner::pg_catalog.regrole);
  FOR entry IN SELECT DISTINCT e.grantee
    FROM pg_catalog.pg_proc AS p, pg_catalog.aclexplode(
      COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS e
    WHERE p.oid = pg_catalog.to_regprocedure({it}) AND e.grantee <> p.proowner
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM %s', {it},
      CASE entry.grantee WHEN 0 THEN 'PUBLIC' ELSE entry.grantee::pg_catalog.regrole::text END);
  END LOOP;
  FOR entry IN SELECT e.grantee, e.is_grantable
    FROM pg_catalog.aclexplode(
      COALESCE(renamed.proacl, pg_catalog.acldefault('f', renamed.proowner))) AS e
    WHERE e.grantee <> renamed.proowner
  LOOP
    EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO %s%s', {it},
      CASE entry.grantee WHEN 0 THEN 'PUBLIC' ELSE entry.grantee::pg_catalog.regrole::text END,
      CASE WHEN entry.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
END
"""
_TAKEN_BACK = """
BEGIN
  IF ({there}) THEN
    {drop};
    {rename};
  END IF;
END
"""
KINDS = ("function", "procedure")
_SCHEMA = r'(\w+|"(?:[^"]|"")+")'
_SYMBOLS = frozenset({"operator", "cast"})
_CLASSES = frozenset({"operator class", "operator family"})  # their functions are not known


def made(action: Action, snapshot: Snapshot) -> Name | None:
    """The name of the routine that a CREATE makes."""
    said = action.said
    if not isinstance(said, CreateObject) or said.kind not in KINDS or not said.words:
        return None
    return lookup.made(lookup.relation(said.words), snapshot, action.statement.settings)


def same(action: Action, snapshot: Snapshot) -> Function | None:
    """The one of the same name and types of arguments, which OR REPLACE would replace."""
    name, said = made(action, snapshot), action.said
    if name is None or not isinstance(said, CreateObject):
        return None
    settings = action.statement.settings
    found = routines.named(snapshot, name, said.arguments, settings)
    return found[0] if found else None


def mistaken(action: Action, snapshot: Snapshot) -> tuple[Function, ...]:
    """Others of the name that a call may mean as well as the one that the CREATE makes: with
    the same number of arguments, since a constant of no type fits many types."""
    name, said = made(action, snapshot), action.said
    if name is None or not isinstance(said, CreateObject):
        return ()
    new = signatures.of(said, snapshot, action.statement.settings)
    found = []
    for other in snapshot.functions:
        if other.name == name:
            old = signatures.of_function(other, snapshot)
            if old is None or old.may_be_called_as(new):
                found.append(other)
    return tuple(found)


def meant(action: Action, snapshot: Snapshot) -> tuple[Name, tuple[Function, ...]] | None:
    """The name in a DROP FUNCTION of one routine, and those that it may mean."""
    said, settings = action.said, action.statement.settings
    if not isinstance(said, DropObjects) or len(said.objects) != 1:
        return None
    names = lookup.Names(snapshot.functions)
    name = lookup.among(lookup.relation(said.objects[0]), names, snapshot, settings)
    return name, routines.named(snapshot, name, said.arguments[0], settings)


def kind(function: Function) -> str:
    """`function`, `procedure`, or `aggregate`."""
    said = signatures.said(function)
    return "aggregate" if said is None else said.kind


def drop(function: Function, snapshot: Snapshot, *, if_exists: bool = False) -> str:
    """DROP of exactly this one, without CASCADE."""
    return _of("DROP", function, snapshot, exists="IF EXISTS" if if_exists else "")


def rename(function: Function, name: str, snapshot: Snapshot) -> str:
    """ALTER that gives it another name; who has looked it up still finds it."""
    return _of("ALTER", function, snapshot, "RENAME TO {n}", n=Ident(name))


def called(function: Function, new: Name, snapshot: Snapshot) -> str:
    """ALTER that gives it another name in its schema, or moves it to another one."""
    if function.name.schema == new.schema:
        return rename(function, new.name, snapshot)
    return _of("ALTER", function, snapshot, "SET SCHEMA {s}", s=Ident(new.schema))


def renamed_back(function: Function, name: str, snapshot: Snapshot) -> str:
    """The same where it is there."""
    body = _RENAMED.format(
        there=there(function, snapshot), sql=rename(function, name, snapshot)
    )
    return emit.sql("DO {body}", body=Body(body))


def touch(function: Function, snapshot: Snapshot) -> str:
    """ALTER that changes nothing but its row in the catalog, so each session that has prepared
    it for a column's type prepares it again (measured 14, 18)."""
    if kind(function) == "function":
        return _of("ALTER", function, snapshot, function.volatility.value.upper())
    definer = _DEFINER.search(function.definition.partition("AS $")[0])
    security = "SECURITY DEFINER" if definer else "SECURITY INVOKER"
    return _of("ALTER", function, snapshot, security)


def _of(
    verb: str,
    function: Function,
    snapshot: Snapshot,
    change: str = "",
    *,
    exists: str = "",
    **of_change: Part,
) -> str:
    arguments, parts = _signed(function, snapshot)
    words = f"{verb} {kind(function).upper()} {exists} {{f}}({arguments}) {change}"
    words = words.replace("  ", " ").rstrip()
    return emit.sql(words, f=Qualified(function.name), **parts, **of_change)


def there(function: Function, snapshot: Snapshot) -> str:
    """A SELECT that says whether it is there."""
    return emit.sql(_ROUTINE, n=_signature(function, snapshot))


def owned(function: Function, snapshot: Snapshot) -> str:
    """A SELECT that says whether the role may alter it."""
    return emit.sql(_OWNED, n=_signature(function, snapshot))


def _signature(function: Function, snapshot: Snapshot) -> Constant:
    types = ", ".join(routines.types(function, snapshot))
    return Constant(f"{function.name.sql}({types})")


def again(function: Function) -> tuple[str, ...]:
    """Put its definition back, as PostgreSQL printed it: its owner, rights and comment stay.
    Names in its body were looked up with the search_path of its author, so the body is not
    looked at (manual, check_function_bodies)."""
    return "SET LOCAL check_function_bodies = off", function.definition


def copied(function: Function, new: Function, snapshot: Snapshot) -> tuple[str, ...]:
    """The same once more under its name, which the one that is called `new` by now had, with
    the owner and the rights of that, not those of default privileges."""
    it, other = (_signature(one, snapshot).value for one in (function, new))
    body = _COPIED.format(it=literal(it), new=literal(other))
    return (*again(function), emit.sql("DO {body}", body=Body(body)))


def taken_back(function: Function, new: Function, snapshot: Snapshot) -> str:
    """Drop the copy and give the other one its name again; nothing where neither was done."""
    body = _TAKEN_BACK.format(
        there=there(new, snapshot),
        drop=drop(function, snapshot),
        rename=called(new, function.name, snapshot),
    )
    return emit.sql("DO {body}", body=Body(body))


def made_again(function: Function, snapshot: Snapshot) -> tuple[str, ...]:
    """Drop it and make it as it was, with its owner, rights and comment: CREATE OR REPLACE
    removes neither a parameter's name nor a default. No session finds none."""
    signature = f"{function.name.sql}({', '.join(routines.types(function, snapshot))})"
    body = _MADE_AGAIN.format(
        it=literal(signature), routine=signature, create=function.definition.strip()
    )
    sql = [again(function)[0], emit.sql("DO {body}", body=Body(body))]
    if function.comment is not None:
        text = Constant(function.comment)
        words, arguments = _signed(function, snapshot)
        of: dict[str, Part] = {"f": Qualified(function.name), **arguments}
        sql.append(emit.sql(f"COMMENT ON ROUTINE {{f}}({words}) IS {{c}}", c=text, **of))
    return tuple(sql)


def _signed(function: Function, snapshot: Snapshot) -> tuple[str, dict[str, Part]]:
    """The types of its arguments, as parts of a template and their places in it."""
    types = routines.types(function, snapshot)
    parts: dict[str, Part] = {f"a{n}": TypeText(text) for n, text in enumerate(types)}
    return ", ".join(f"{{{part}}}" for part in parts), parts


def callers(function: Function, snapshot: Snapshot) -> frozenset[str]:
    """Its name, and those of functions whose text names it, at all depths."""
    words = {f.name.name: routines.body_names(f) for f in snapshot.functions}
    found = {function.name.name}
    left = set(found)
    while left:
        left = {name for name, own in words.items() if own & left} - found
        found |= left
    return frozenset(found)


def stored(function: Function, snapshot: Snapshot) -> Iterator[str]:
    """What keeps its results, or was checked with them, and is not computed again."""
    calls = _Calls(function, snapshot)
    yield from (what for what, text in _keeping(snapshot) if calls.are_in(text))


def running(function: Function, snapshot: Snapshot) -> Iterator[str]:
    """What calls it each time for statements that do not name it."""
    names = callers(function, snapshot)
    calls = _Calls(function, snapshot)
    for table in snapshot.tables:
        for trigger in table.triggers:
            if trigger.function.name in names:
                yield f"trigger {trigger.name} of {table.name}"
    yield from (what for what, text in _computing(snapshot) if calls.are_in(text))


def symbols(function: Function, snapshot: Snapshot) -> Iterator[str]:
    """Operators, casts and types that call it, or may: what these keep is not looked for."""
    names = callers(function, snapshot)
    for one in snapshot.others:
        calls = one.kind in _SYMBOLS and texts.names(one.definition) & names
        if calls or (one.kind in _CLASSES and function.arguments):
            yield f"{one.kind} {one.name}"
    for of in snapshot.types:
        if of.kind == "range" and texts.names(of.definition) & names:
            yield f"type {of.name}"


def operators(function: Function, snapshot: Snapshot) -> Iterator[str]:
    """Operators and casts that call it by themselves, where no other has its name."""
    if sum(f.name.name == function.name.name for f in snapshot.functions) > 1:
        return
    for one in snapshot.others:
        if one.kind in _SYMBOLS and function.name.name in texts.names(_made_of(one)):
            yield f"{one.kind} {one.name}"


def _made_of(one: Other) -> str:
    """Its text; of a cast what follows the types, whose names functions of casts often have."""
    return one.definition.partition(" WITH ")[2] if one.kind == "cast" else one.definition


class _Calls:
    """Calls of a function, or of those whose text names it, in texts that PostgreSQL prints:
    there a name without a schema is pg_catalog's."""

    def __init__(self, function: Function, snapshot: Snapshot) -> None:
        names = callers(function, snapshot)
        found = (f.name for f in snapshot.functions if f.name.name in names)
        self.meant = {(name.schema, name.name) for name in found}
        words = "|".join(re.escape(name) for name in sorted(names))
        self.pattern = re.compile(rf'(?<![\w"])(?:{_SCHEMA}\.)?"?({words})"?\s*\(')

    def are_in(self, text: str) -> bool:
        return any(map(self._is_one, self.pattern.finditer(text)))

    def _is_one(self, found: re.Match[str]) -> bool:
        schema, name = found[1], found[2]
        if schema is not None:
            return (schema.strip('"').replace('""', '"'), name) in self.meant
        built_in = name in default_volatility.STABLE | default_volatility.IMMUTABLE
        return not built_in and not found.string[: found.start()].endswith("::")


def _keeping(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Each of them, and its text."""
    yield from (pair for table in snapshot.tables for pair in _of_table(table))
    for view in snapshot.views:
        if view.kind == "materialized view":
            yield f"materialized view {view.name}", view.definition
    for one in snapshot.types:
        if one.kind == "domain":
            yield f"domain {one.name}", one.definition


def _of_table(table: Table) -> Iterator[tuple[str, str]]:
    of = f"of {table.name}"
    for index in table.indexes:
        yield f"index {index.name} {of}", index.definition.partition(" USING ")[2]
    yield from ((f"constraint {c.name} {of}", c.definition) for c in table.constraints)
    for column in table.columns:
        if column.generated:
            yield f"generated column {column.name} {of}", column.default or ""
    yield f"the partition key {of}", table.partition_key or ""
    yield from ((f"statistics {of}", text) for text in table.statistics)


def _computing(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    for table in snapshot.tables:
        for column in table.columns:
            if not column.generated:
                yield f"the default of {table.name}.{column.name}", column.default or ""
        yield from ((f"policy {p.name} of {table.name}", p.definition) for p in table.policies)
        yield from ((f"a rule of {table.name}", rule) for rule in table.rules)
    for view in snapshot.views:
        if view.kind == "view":
            yield f"view {view.name}", view.definition


def listed(things: Sequence[str]) -> str:
    """Some of them, in words."""
    first, more = things[:5], len(things) - 5
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")
