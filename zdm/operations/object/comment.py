"""COMMENT ON an object that exists.

The text is read by people and tools, never by the server, so both application versions work;
the lock is SHARE UPDATE EXCLUSIVE on the table, which lets reads and writes pass, and none on a
table for other objects (manual, COMMENT; measured 11-18). Undo puts the former text back.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from zdm.model.catalog.indexed import named
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Step, TableLock
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident, literal
from zdm.model.statement import Action, ActionKind, Statement
from zdm.model.syntax import CommentOn
from zdm.parse import emit
from zdm.parse.emit import Constant, Ident, Part, Qualified
from zdm.parse.objects import comments
from zdm.recipes import run_sql
from zdm.recipes.access import privilege
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import edits, lookup
from zdm.schema.effects import comments as effects
from zdm.schema.effects import publications
from zdm.schema.rights import Target

SLUG = "comment"
_PUBLIC = "standard public schema"  # that of a new database, which a Snapshot leaves out
_RELATION = "SELECT pg_catalog.obj_description(pg_catalog.to_regclass({t}), 'pg_class')"
_PARTS = {  # as COMMENT names them
    "table": "TABLE {t}",
    "column": "COLUMN {t}.{c}",
    "constraint": "CONSTRAINT {c} ON {t}",
    "trigger": "TRIGGER {c} ON {t}",
    "policy": "POLICY {c} ON {t}",
    "index": "INDEX {t}",
}
_TEXTS = {  # a query for the comment
    "table": _RELATION,
    "index": _RELATION,
    "column": "SELECT pg_catalog.col_description(a.attrelid, a.attnum)"
    " FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = pg_catalog.to_regclass({t})"
    " AND a.attname = {c}",
    "constraint": "SELECT pg_catalog.obj_description(k.oid, 'pg_constraint')"
    " FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = pg_catalog.to_regclass({t})"
    " AND k.conname = {c}",
    "trigger": "SELECT pg_catalog.obj_description(g.oid, 'pg_trigger')"
    " FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = pg_catalog.to_regclass({t})"
    " AND g.tgname = {c}",
    "policy": "SELECT pg_catalog.obj_description(p.oid, 'pg_policy')"
    " FROM pg_catalog.pg_policy AS p WHERE p.polrelid = pg_catalog.to_regclass({t})"
    " AND p.polname = {c}",
}
_OF_OBJECTS = (
    "SELECT pg_catalog.obj_description(o.oid, '{catalog}') FROM {from} AS o WHERE {where}"
)
_CATALOGS = {
    "table": "pg_class",
    "sequence": "pg_class",
    "routine": "pg_proc",
    "type": "pg_type",
    "schema": "pg_namespace",
}
_OF_PUBLICATION = (
    "SELECT pg_catalog.obj_description(p.oid, 'pg_publication')"
    " FROM pg_catalog.pg_publication AS p WHERE p.pubname = {p}"
)


class Commented(Struct, frozen=True, kw_only=True):
    """What a comment is on. `asked`: a query for the text that it has; `undo` puts the former
    one back."""

    what: str
    key: str
    asked: str
    undo: str
    former: str | None
    locks: tuple[TableLock, ...] = ()


class Comment(Struct, frozen=True, kw_only=True):
    """COMMENT ON an object or a part of a table."""

    target: Commented
    text: str | None
    statement: Statement

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"comment on {self.target.what}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """None."""
        del context
        return ()

    def choice(self, context: Context) -> Choice:
        """The server never reads it."""
        del context
        if self.text == self.target.former:
            return choice.nothing("the comment is the same already")
        return choice.single(
            "run it as written before the rollout",
            because="only people and tools read it",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement; none where the comment is the same already."""
        if self.text == self.target.former:
            return ()
        return (
            run_sql.as_authored(
                Owned(operation=SLUG, origin=context.origin),
                self.statement,
                id=f"{self.target.key}-comment",
                title=self.title,
                locks=self.target.locks,
                probe=self._probe(),
                undo=(self.target.undo,),
                reason="Only people and tools read comments; no read and no write waits for"
                " it.",
            ),
        )

    def _probe(self) -> str:
        """The text is put in last, where braces in it mean nothing."""
        if self.text is None:
            return probes.probe(f"SELECT ({self.target.asked}) IS NULL")
        return probes.probe(
            f"SELECT ({self.target.asked}) IS NOT DISTINCT FROM {literal(self.text)}"  # noqa: S608
        )


def _undo(on: str, parts: Mapping[str, Part], former: str | None) -> str:
    """`on`: the object as COMMENT names it, a template of `parts`."""
    if former is None:
        return emit.sql(f"COMMENT ON {on} IS NULL", **parts)
    return emit.sql(f"COMMENT ON {on} IS {{former}}", **parts, former=Constant(former))


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A COMMENT on a table, one of its parts, or another object."""
    action = actions[0]
    if statements.fact(action, ActionKind.COMMENT) is None:
        return None
    says = action.said
    if not isinstance(says, CommentOn):
        return None
    problem = _problem(action, snapshot)
    if problem is not None:
        return refuse.refuse(action, "object_not_commented", *problem)
    place = lookup.commented(says, snapshot, action.statement.settings)
    target = _of_object(action, snapshot)
    if place is not None:
        target = _of_part(says.kind, *place, snapshot)
    if target is None:
        return None
    operation = Comment(target=target, text=says.text, statement=action.statement)
    return Match(operation=operation, consumed=(0,))


def _problem(action: Action, snapshot: Snapshot) -> tuple[str, str] | None:
    """Why it cannot be tried on a shadow, and what to do."""
    said = comments.read(action)
    if said is None:
        return None
    name = said.named.words[-1]
    wide = any(
        one.name == name and (one.all_tables or one.schemas) for one in snapshot.publications
    )
    if said.kind != "extension" and not (said.kind == "publication" and wide):
        return None
    return (
        f"only the owner of {said.kind} {name} may comment on it, and on the shadow server it"
        " belongs to a superuser, so this cannot be tried there",
        "put `-- zdm: run in expand -- reason` and `-- zdm: privileged -- reason` above it, and"
        " execute the plan as its owner",
    )


def _of_part(kind: str, table: Table, name: str, snapshot: Snapshot) -> Commented:
    """The table itself where it has no name."""
    lock = TableLock(table=table.name, mode=LockMode.SHARE_UPDATE_EXCLUSIVE)
    part = edits.part(table, kind, name) if name else table
    former = part.comment if part is not None else None
    on, asked = _PARTS[kind], _TEXTS[kind]
    relation = Name(table.name.schema, name) if kind == "index" else table.name
    parts: dict[str, Part] = {"t": Qualified(relation)}
    values: dict[str, Part] = {"t": Constant(relation.sql)}
    if "{c}" in on:
        parts["c"], values["c"] = Ident(name), Constant(name)
    what = f"{table.name}.{name}" if kind == "column" else f"{kind} {name} of {table.name}"
    return Commented(
        what=what if name else str(table.name),
        key="-".join(filter(None, (str(table.name), name))),
        asked=emit.sql(asked, **values),
        undo=_undo(on, parts, former),
        former=former,
        locks=statements.locks(snapshot, lock),
    )


def _of_object(action: Action, snapshot: Snapshot) -> Commented | None:
    said = comments.read(action)
    if said is not None and said.kind == "publication":
        return _of_publication(said.named.words[-1], snapshot)
    target = effects.target(action, snapshot)
    if target is None:
        return None
    word, former = _present(target, snapshot)
    name = str(target.name) if target.name.schema else target.name.name
    called, parts = privilege.called_by(target)
    query = _OF_OBJECTS.replace("{catalog}", _CATALOGS[target.kind])
    return Commented(
        what=f"{word} {name}",
        key=name,
        asked=privilege.about(query, target),
        undo=_undo(f"{word.upper()} {called}", parts, former),
        former=former,
        locks=_locks(target, snapshot),
    )


def _of_publication(name: str, snapshot: Snapshot) -> Commented | None:
    found = publications.there(snapshot, name)
    if found is None:
        return None
    return Commented(
        what=f"publication {name}",
        key=f"{name}-publication",
        asked=emit.sql(_OF_PUBLICATION, p=Constant(name)),
        undo=_undo("PUBLICATION {p}", {"p": Ident(name)}, found.comment),
        former=found.comment,
    )


def _locks(target: Target, snapshot: Snapshot) -> tuple[TableLock, ...]:
    """On a view or a sequence itself."""
    if target.kind not in ("table", "sequence"):
        return ()
    if any(one.created for one in named(snapshot.sequences, target.name)):
        return ()
    return (TableLock(table=target.name, mode=LockMode.SHARE_UPDATE_EXCLUSIVE),)


def _present(target: Target, snapshot: Snapshot) -> tuple[str, str | None]:
    """Its kind in words, and its comment."""
    match target.kind:
        case "table":
            (view,) = named(snapshot.views, target.name)
            return view.kind, view.comment
        case "sequence":
            (sequence,) = named(snapshot.sequences, target.name)
            return "sequence", sequence.comment
        case "type":
            (found,) = named(snapshot.types, target.name)
            return "type", found.comment
        case "routine":
            (routine,) = (
                f
                for f in named(snapshot.functions, target.name)
                if target.arguments in (None, f.arguments)
            )
            return "routine", routine.comment
    name = ident(target.name.name)
    texts = [o.comment for o in snapshot.rights if (o.kind, o.name) == ("schema", name)]
    former = texts[0] if texts else None
    return "schema", _PUBLIC if former is None and name == ident("public") else former
