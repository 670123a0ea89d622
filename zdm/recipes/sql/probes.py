"""Catalog queries as text, for probes and preconditions.

Each function but `probe` gives a whole SELECT with one boolean, so it can be used alone in a
Check or combined by `both`, `absent` and `probe`. Names that do not exist give false,
never an error: to_regclass and to_regprocedure return NULL (manual, chapter 9.27).
"""

from msgspec import Struct

from zdm.model.schema import Name
from zdm.parse import emit
from zdm.parse.emit import Constant, Expression

_COLUMN = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a"
    " WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = {column}"
    " AND NOT a.attisdropped)"
)
_COLUMN_NOT_NULL = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a"
    " WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = {column}"
    " AND a.attnotnull AND NOT a.attisdropped)"
)
_COLUMN_DEFAULT = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a"
    " WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = {column}"
    " AND a.atthasdef AND NOT a.attisdropped)"
)
_NULL_DEFAULT = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a"
    " JOIN pg_catalog.pg_attrdef AS d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)"
    " WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = {column}"
    " AND NOT a.attisdropped AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'NULL::%')"
)
_COLUMN_IDENTITY = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a"
    " WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = {column}"
    " AND a.attidentity = {kind} AND NOT a.attisdropped)"
)
_COLUMN_GENERATED = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a"
    " WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = {column}"
    " AND a.attgenerated <> '' AND NOT a.attisdropped)"
)
_COLUMN_TYPE = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a"
    " WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = {column}"
    " AND pg_catalog.format_type(a.atttypid, a.atttypmod) = {type} AND NOT a.attisdropped)"
)
_COLUMN_OF_TYPE = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a"
    " WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = {column}"
    " AND a.atttypid = pg_catalog.to_regtype({type}) AND NOT a.attisdropped)"
)
_SEQUENCE_TYPE = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_sequence AS s"
    " WHERE s.seqrelid = pg_catalog.to_regclass({name})"
    " AND pg_catalog.format_type(s.seqtypid, NULL) = {type})"
)
_RELATION = "SELECT pg_catalog.to_regclass({name}) IS NOT NULL"
_PARTITION = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i"
    " WHERE i.inhrelid = pg_catalog.to_regclass({name}))"
)
_DETACHING = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i"
    " WHERE i.inhrelid = pg_catalog.to_regclass({name}) AND i.inhdetachpending)"
)
_INDEX_VALID = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i"
    " WHERE i.indexrelid = pg_catalog.to_regclass({name}) AND i.indisvalid)"
)
_TRIGGER = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger AS t"
    " WHERE t.tgrelid = pg_catalog.to_regclass({table}) AND t.tgname = {name}"
    " AND t.tgenabled IN ('O', 'A'))"
)
_TRIGGER_ALWAYS = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger AS t"
    " WHERE t.tgrelid = pg_catalog.to_regclass({table}) AND t.tgname = {name}"
    " AND t.tgenabled = 'A')"
)
_TRIGGER_EXISTS = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger AS t"
    " WHERE t.tgrelid = pg_catalog.to_regclass({table}) AND t.tgname = {name})"
)
_TRIGGER_STATE = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger AS t"
    " WHERE t.tgrelid = pg_catalog.to_regclass({table}) AND t.tgname = {name}"
    " AND t.tgenabled = {state})"
)
_ENUM_LABEL = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_enum AS e"
    " WHERE e.enumtypid = pg_catalog.to_regtype({type}) AND e.enumlabel = {label})"
)
_FUNCTION = "SELECT pg_catalog.to_regprocedure({signature}) IS NOT NULL"
_CONSTRAINT = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint AS c"
    " WHERE c.conrelid = pg_catalog.to_regclass({table}) AND c.conname = {name})"
)
_FOREIGN_KEY = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint AS c"
    " WHERE c.conrelid = pg_catalog.to_regclass({table}) AND c.conname = {name}"
    " AND c.confdeltype = {delete} AND c.confupdtype = {update}"
    " AND c.condeferrable = {deferrable} AND c.condeferred = {deferred})"
)
_CONSTRAINT_OTHER = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint AS c"
    " WHERE c.conrelid = pg_catalog.to_regclass({table}) AND c.conname = {name}"
    " AND pg_catalog.pg_get_constraintdef(c.oid) <> {definition})"
)
_CONSTRAINT_VALID = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint AS c"
    " WHERE c.conrelid = pg_catalog.to_regclass({table}) AND c.conname = {name}"
    " AND c.convalidated)"
)


def column(table: Name, name: str) -> str:
    """The table has the column."""
    return emit.sql(_COLUMN, table=Constant(table.sql), column=Constant(name))


def column_not_null(table: Name, name: str) -> str:
    """The column is NOT NULL (on 18 also by a constraint that is NOT VALID yet)."""
    return emit.sql(_COLUMN_NOT_NULL, table=Constant(table.sql), column=Constant(name))


def column_default(table: Name, name: str) -> str:
    """The column has a default."""
    return emit.sql(_COLUMN_DEFAULT, table=Constant(table.sql), column=Constant(name))


def null_default(table: Name, name: str) -> str:
    """NULL is the default of the column itself, whatever its domain's is."""
    return emit.sql(_NULL_DEFAULT, table=Constant(table.sql), column=Constant(name))


def column_identity(table: Name, name: str, kind: str) -> str:
    """The column is an identity of that kind: always, by default; empty: it is none."""
    letter = {"always": "a", "by default": "d"}.get(kind, "")
    return emit.sql(
        _COLUMN_IDENTITY,
        table=Constant(table.sql),
        column=Constant(name),
        kind=Constant(letter),
    )


def column_generated(table: Name, name: str) -> str:
    """The column is a generated one."""
    return emit.sql(_COLUMN_GENERATED, table=Constant(table.sql), column=Constant(name))


def column_type(table: Name, name: str, type_text: str) -> str:
    """The column is of that type, spelled as format_type does with an empty search_path: one
    of another schema is found by its name, for format_type leaves out what the path has."""
    return emit.sql(
        _COLUMN_OF_TYPE if "." in type_text and "(" not in type_text else _COLUMN_TYPE,
        table=Constant(table.sql),
        column=Constant(name),
        type=Constant(type_text),
    )


def sequence_type(name: Name, type_text: str) -> str:
    """The sequence is there and counts in that type."""
    return emit.sql(_SEQUENCE_TYPE, name=Constant(name.sql), type=Constant(type_text))


def relation(name: Name) -> str:
    """A table, view, sequence or index of that name is there."""
    return emit.sql(_RELATION, name=Constant(name.sql))


def partition(name: Name) -> str:
    """The table is there and is a partition, or inherits from another."""
    return emit.sql(_PARTITION, name=Constant(name.sql))


def detaching(name: Name) -> str:
    """The table is a partition whose DETACH CONCURRENTLY was begun."""
    return emit.sql(_DETACHING, name=Constant(name.sql))


def index_valid(name: Name) -> str:
    """The index is there and VALID."""
    return emit.sql(_INDEX_VALID, name=Constant(name.sql))


def trigger(table: Name, name: str) -> str:
    """The trigger is there and enabled."""
    return emit.sql(_TRIGGER, table=Constant(table.sql), name=Constant(name))


def trigger_always(table: Name, name: str) -> str:
    """The trigger is there and fires in every session: another one lets writes pass."""
    return emit.sql(_TRIGGER_ALWAYS, table=Constant(table.sql), name=Constant(name))


def trigger_exists(table: Name, name: str) -> str:
    """The trigger is there, enabled or not."""
    return emit.sql(_TRIGGER_EXISTS, table=Constant(table.sql), name=Constant(name))


def trigger_state(table: Name, name: str, state: str) -> str:
    """The trigger is there and enabled as `state` says, in the letters of tgenabled."""
    return emit.sql(
        _TRIGGER_STATE, table=Constant(table.sql), name=Constant(name), state=Constant(state)
    )


def enum_label(name: Name, label: str) -> str:
    """The enum type has the label."""
    return emit.sql(_ENUM_LABEL, type=Constant(name.sql), label=Constant(label))


def function(name: Name) -> str:
    """The function without arguments is there."""
    return emit.sql(_FUNCTION, signature=Constant(f"{name.sql}()"))


def constraint(table: Name, name: str) -> str:
    """The table has the constraint, valid or not."""
    return emit.sql(_CONSTRAINT, table=Constant(table.sql), name=Constant(name))


class Actions(Struct, frozen=True, kw_only=True):
    """What a foreign key does, in the letters of pg_constraint, and when it looks."""

    delete: str
    update: str
    deferrable: bool
    deferred: bool


def foreign_key(table: Name, name: str, does: Actions) -> str:
    """The table has the foreign key, which does that."""
    return emit.sql(
        _FOREIGN_KEY,
        table=Constant(table.sql),
        name=Constant(name),
        delete=Constant(does.delete),
        update=Constant(does.update),
        deferrable=Constant(str(does.deferrable).lower()),
        deferred=Constant(str(does.deferred).lower()),
    )


def constraint_other(table: Name, name: str, definition: str) -> str:
    """The table has a constraint of that name, with another definition."""
    return emit.sql(
        _CONSTRAINT_OTHER,
        table=Constant(table.sql),
        name=Constant(name),
        definition=Constant(definition),
    )


def constraint_valid(table: Name, name: str) -> str:
    """The table has the constraint, and it is validated."""
    return emit.sql(_CONSTRAINT_VALID, table=Constant(table.sql), name=Constant(name))


def both(*conditions: str) -> str:
    """All of them hold."""
    joined = " AND ".join(f"({condition})" for condition in conditions)
    return emit.sql("SELECT {all}", all=Expression(joined))


def absent(condition: str) -> str:
    """It does not hold."""
    return emit.sql("SELECT NOT {it}", it=Expression(f"({condition})"))


def probe(done: str, half: str | None = None) -> str:
    """The probe of a step: `done`, `half done` where `half` holds, else `not done`."""
    if half is None:
        return emit.sql(
            "SELECT CASE WHEN {done} THEN 'done' ELSE 'not done' END",
            done=Expression(f"({done})"),
        )
    return emit.sql(
        "SELECT CASE WHEN {done} THEN 'done' WHEN {half} THEN 'half done' ELSE 'not done' END",
        done=Expression(f"({done})"),
        half=Expression(f"({half})"),
    )
