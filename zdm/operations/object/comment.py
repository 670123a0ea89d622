"""COMMENT ON an object that exists.

The text is read by people and tools, never by the server, so both application versions work;
the lock is SHARE UPDATE EXCLUSIVE on the table, which lets reads and writes pass, and none on a
table for other objects (manual, COMMENT; measured 11-18). Undo puts the former text back.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.catalog.indexed import named
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import RunSql, Step, TableLock
from zdm.model.schema import Name, Snapshot
from zdm.model.sql import ident, literal
from zdm.model.statement import Action, ActionKind, Statement
from zdm.model.syntax import CommentOn
from zdm.parse import emit
from zdm.parse.emit import Constant, Ident, Part, Qualified
from zdm.parse.objects import comments
from zdm.recipes import run_sql
from zdm.recipes.access import privilege
from zdm.recipes.reading import statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import edits, lookup
from zdm.schema.effects import comments as effects
from zdm.schema.rights import Target

SLUG = "comment"
_TEMPLATES = {
    "table": "COMMENT ON TABLE {t} IS ",
    "column": "COMMENT ON COLUMN {t}.{c} IS ",
    "constraint": "COMMENT ON CONSTRAINT {c} ON {t} IS ",
    "trigger": "COMMENT ON TRIGGER {c} ON {t} IS ",
    "policy": "COMMENT ON POLICY {c} ON {t} IS ",
    "index": "COMMENT ON INDEX {t} IS ",
}
_OBJECT = "SELECT pg_catalog.obj_description(o.oid, '{catalog}') FROM {from} AS o WHERE {where}"
_CATALOGS = {
    "table": "pg_class",
    "sequence": "pg_class",
    "routine": "pg_proc",
    "type": "pg_type",
    "schema": "pg_namespace",
}
_PUBLIC = "standard public schema"  # that of a new database, which a Snapshot leaves out
_IS_NULL = "SELECT ({query}) IS NULL"
_IS_TEXT = "SELECT ({query}) IS NOT DISTINCT FROM {text}"
_RELATION = "SELECT pg_catalog.obj_description(pg_catalog.to_regclass({t}), 'pg_class')"
_DESCRIPTIONS = {
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


class Comment(Struct, frozen=True, kw_only=True):
    """COMMENT ON `kind`; `part` is the column, constraint, trigger or index, empty for the
    table itself."""

    kind: str  # table, column, constraint, trigger, policy, index
    table: Name
    part: str
    text: str | None
    former: str | None
    statement: Statement

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"comment on {self._object}"

    @property
    def _object(self) -> str:
        if self.kind == "column":
            return f"{self.table}.{self.part}"
        return f"{self.kind} {self.part} of {self.table}" if self.part else str(self.table)

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """None."""
        del context
        return ()

    def choice(self, context: Context) -> Choice:
        """The server never reads it."""
        return _choice(context, self.text, self.former)

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement; none where the comment is the same already."""
        if self.text == self.former:
            return ()
        owner = Owned(operation=SLUG, origin=context.origin)
        lock = TableLock(table=self.table, mode=LockMode.SHARE_UPDATE_EXCLUSIVE)
        step: RunSql = run_sql.as_authored(
            owner,
            self.statement,
            id="-".join(p for p in (str(self.table), self.part, "comment") if p),
            title=self.title,
            locks=statements.locks(context.snapshot, lock),
            probe=self._probe(),
            undo=(self._undo(),),
            reason="Only people and tools read comments; the lock blocks neither reads nor"
            " writes.",
        )
        return (step,)

    @property
    def _target(self) -> Name:
        return Name(self.table.schema, self.part) if self.kind == "index" else self.table

    def _undo(self) -> str:
        template = _TEMPLATES[self.kind]
        parts: dict[str, Part] = {"t": Qualified(self._target)}
        if "{c}" in template:
            parts["c"] = Ident(self.part)
        if self.former is None:
            return emit.sql(template + "NULL", **parts)
        return emit.sql(template + "{former}", **parts, former=Constant(self.former))

    def _probe(self) -> str:
        query = _DESCRIPTIONS[self.kind]
        parts: dict[str, Part] = {"t": Constant(self._target.sql)}
        if "{c}" in query:
            parts["c"] = Constant(self.part)
        if self.text is None:
            return probes.probe(emit.sql(_IS_NULL.replace("{query}", query), **parts))
        same = _IS_TEXT.replace("{query}", query)
        return probes.probe(emit.sql(same, **parts, text=Constant(self.text)))


def _choice(context: Context, text: str | None, former: str | None) -> Choice:
    del context
    if text == former:
        return choice.nothing("the comment is the same already")
    return choice.single(
        "run it as written before the rollout",
        because="only people and tools read it",
    )


class CommentObject(Struct, frozen=True, kw_only=True):
    """COMMENT ON a view, sequence, routine, type or schema; `word`: as COMMENT names its
    kind."""

    target: Target
    word: str
    text: str | None
    former: str | None
    statement: Statement
    locks: tuple[TableLock, ...]

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"comment on {self.word} {self._name}"

    @property
    def _name(self) -> str:
        name = self.target.name
        return str(name) if name.schema else name.name

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """None."""
        del context
        return ()

    def choice(self, context: Context) -> Choice:
        """The server never reads it."""
        return _choice(context, self.text, self.former)

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement; none where the comment is the same already."""
        if self.text == self.former:
            return ()
        step: RunSql = run_sql.as_authored(
            Owned(operation=SLUG, origin=context.origin),
            self.statement,
            id=f"{self._name}-comment",
            title=self.title,
            locks=self.locks,
            probe=self._probe(),
            undo=(self._undo(),),
            reason="Only people and tools read comments; no read and no write waits for it.",
        )
        return (step,)

    def _undo(self) -> str:
        called, parts = privilege.called_by(self.target)
        text = f"COMMENT ON {self.word.upper()} {called} IS "
        if self.former is None:
            return emit.sql(text + "NULL", **parts)
        return emit.sql(text + "{former}", **parts, former=Constant(self.former))

    def _probe(self) -> str:
        """The text is put in last, where braces in it mean nothing."""
        catalog = _CATALOGS[self.target.kind]
        query = privilege.about(_OBJECT.replace("{catalog}", catalog), self.target)
        if self.text is None:
            return probes.probe(_IS_NULL.replace("{query}", query))
        same = _IS_TEXT.replace("{text}", literal(self.text))
        return probes.probe(same.replace("{query}", query))


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A COMMENT on a table, one of its parts, or another object."""
    action = actions[0]
    if statements.fact(action, ActionKind.COMMENT) is None:
        return None
    says = action.said
    if not isinstance(says, CommentOn):
        return None
    place = lookup.commented(says, snapshot, action.statement.settings)
    if place is None:
        return _of_object(action, snapshot)
    table, name = place
    part = edits.part(table, says.kind, name) if name else table
    return Match(
        operation=Comment(
            kind=says.kind,
            table=table.name,
            part=name,
            text=says.text,
            former=part.comment if part is not None else None,
            statement=action.statement,
        ),
        consumed=(0,),
    )


def _of_object(action: Action, snapshot: Snapshot) -> Match | None:
    said, target = comments.read(action), effects.target(action, snapshot)
    if said is None or target is None:
        return None
    word, former = _present(target, snapshot)
    operation = CommentObject(
        target=target,
        word=word,
        text=said.text,
        former=former,
        statement=action.statement,
        locks=_locks(target, snapshot),
    )
    return Match(operation=operation, consumed=(0,))


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
