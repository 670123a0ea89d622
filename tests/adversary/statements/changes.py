"""A generator for each operation; `GENERATORS` is held against the registry by a test."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from tests.adversary import tables
from tests.adversary.kinds import BY_NAME, NUMBERS, TEXTS
from tests.adversary.statements import metadata, objects
from tests.adversary.world import APP, Change, Column, Table
from zdm.model.sql import ident

_NEW_NAMES = ("fresh", "New Name", "kind", "übrig", "mail", "wert", "b2", "total", "desc")


@dataclass(slots=True)
class Train:
    """What is left after the changes so far, as far as generators need it."""

    random: Random
    major: int
    tables: list[Table]
    made: int = 0
    functions: list[str] = field(default_factory=list)
    began: tuple[Table, ...] = ()

    def __post_init__(self) -> None:
        """What is there before the train."""
        self.began = tuple(self.tables)

    def table(self) -> Table:
        """One of the tables."""
        return self.random.choice(self.tables)

    def there(self) -> tuple[Table, Table]:
        """One that the train did not make, as it was before the train and as it is now."""
        found = [
            (old, new)
            for new in (self.table(), *self.tables)
            for old in self.began
            if old.rows == new.rows
        ]
        return found[0] if found else (self.began[0], self.began[0])

    def column(self, table: Table, kinds: tuple[str, ...] = ()) -> Column | None:
        """A column to act on: mostly one that is written."""
        rest = [c for c in table.columns[1:] if not c.computed or self.random.random() < 0.2]
        if kinds:
            rest = [c for c in rest if c.kind.removeprefix("public.") in kinds]
        return self.random.choice(rest) if rest else None

    def fresh(self, table: Table) -> str:
        """A name for a new column."""
        taken = {c.name for c in table.columns}
        names = [n for n in _NEW_NAMES if n not in taken]
        self.made += 1
        return self.random.choice(names) if names else f"new{self.made}"

    def put(self, old: Table, *columns: Column, name: str = "") -> None:
        """Replace a table by what it becomes."""
        new = replace(old, columns=columns or old.columns, name=name or old.name)
        self.tables[self.tables.index(old)] = new

    def chance(self, share: float) -> bool:
        """True so often."""
        return self.random.random() < share


Statements = tuple[str, ...]
Generator = Callable[[Train], Statements]


# the session's settings decide what their values look like
_PRINTED = ("date", "timestamp without time zone", "timestamp with time zone", "interval",
            "double precision", "real", "bytea")  # fmt: skip


def _any_column(train: Train, kinds: tuple[str, ...] = ()) -> tuple[Table, Column]:
    order = train.random.sample(train.tables, len(train.tables))
    for table in order:
        column = train.column(table, kinds)
        if column is not None:
            return table, column
    table = order[0]
    return table, table.columns[-1]


def _norm(train: Train) -> str:
    """A function of the author's, which not every search_path finds."""
    if not any("public.norm(" in one for one in train.functions):
        train.functions.append(
            "CREATE FUNCTION public.norm(text) RETURNS text LANGUAGE sql IMMUTABLE"
            " AS 'SELECT lower(btrim($1))';"
        )
    return "norm"


def _filling(train: Train, column: Column) -> tuple[str, str]:
    """An expression over a column and the kind that it gives."""
    name, kind = ident(column.name), column.kind.removeprefix("public.")
    if kind in TEXTS:
        norm = _norm(train)
        forms = [
            (f"upper({name})", "text"),
            (f"coalesce({name}::text, 'none')", "text"),
            (f"length({name}::text)", "integer"),
            (f"nullif({name}, '')", kind),
            (f"public.{norm}({name}::text)", "text"),
            *[(f"{norm}({name}::text)", "text")] * 4,
            (f"CASE WHEN {name} = 'a' THEN 'A' ELSE {name}::text END", "text"),
        ]
        return train.random.choice(forms)
    if kind in NUMBERS:
        return train.random.choice(
            [(f"{name}::bigint + 1", "bigint"), (f"coalesce({name}, 0)", kind),
             (f"{name}::text", "text"), (f"{name}::numeric / 2", "numeric")]
        )  # fmt: skip
    if kind in ("boolean", "mood") or (kind in _PRINTED and train.chance(0.5)):
        return f"{name}::text", "text"
    if kind.startswith("timestamp") and train.chance(0.5):
        return f"{name}::date", "date"
    return (f"{name} ->> 'a'", "text") if kind in ("jsonb", "json") else (name, kind)


def add_column(train: Train) -> Statements:
    """Plain, with a default, filled, referencing, serial."""
    table = train.table()
    name = train.fresh(table)
    kind = tables.a_kind(train.random)
    form = train.random.choice((0, 1, 2, 2, 2, 2, 2, 3, 4, 5))
    typed = tables.sql_type(kind.name)
    rest, more = "", tuple[str, ...]()
    if form == 1:
        rest = f"DEFAULT {train.random.choice(kind.values)}"
        rest += " NOT NULL" if train.chance(0.5) else ""
    elif form == 2:
        source = (train.chance(0.7) and train.column(table, TEXTS)) or train.column(table)
        if source is not None:
            expression, given = _filling(train, source)
            typed = tables.sql_type(given)
            more = (f"UPDATE {table.sql} SET {ident(name)} = {expression};",)
            if train.chance(0.3):
                more += (f"ALTER TABLE {table.sql} ALTER COLUMN {ident(name)} SET NOT NULL;",)
    elif form == 3:
        other = train.random.choice(train.tables)
        typed, rest = other.columns[0].kind, f"REFERENCES {other.sql} (id)"
    elif form == 4 and train.chance(0.5):
        typed = "serial"
    elif form == 5 and train.chance(0.3):
        rest = "UNIQUE"
    kind_left = "integer" if typed == "serial" else typed
    column = Column(name=name, kind=kind_left, rest=rest)
    train.put(table, *table.columns, column)
    add = f"ALTER TABLE {table.sql} ADD COLUMN {ident(name)} {typed} {rest}".rstrip() + ";"
    return (add, *more)


def rename_column(train: Train) -> Statements:
    """RENAME COLUMN, or added, filled and dropped."""
    table, column = _any_column(train)
    new = train.fresh(table)
    left = replace(column, name=new)
    columns = (left if c is column else c for c in table.columns)
    train.put(table, *columns)
    a, b = ident(column.name), ident(new)
    if train.chance(0.6) or column.computed:
        return (f"ALTER TABLE {table.sql} RENAME COLUMN {a} TO {b};",)
    return (
        f"ALTER TABLE {table.sql} ADD COLUMN {b} {column.kind};",
        f"UPDATE {table.sql} SET {b} = {a};",
        f"ALTER TABLE {table.sql} DROP COLUMN {a};",
    )


_CASTS = (
    ("integer", "bigint"),
    ("smallint", "integer"),
    ("integer", "text"),
    ("bigint", "text"),
    ("smallint", "text"),
    ("integer", "numeric"),
    ("text", "character varying(20)"),
    ("character varying(20)", "text"),
    ("character(6)", "text"),
    ("text", "citext"),
    ("citext", "text"),
    ("numeric(8,2)", "numeric"),
    ("json", "jsonb"),
    ("jsonb", "json"),
    ("boolean", "integer"),
    ("mood", "text"),
    ("plain", "text"),
    ("text", "plain"),
    ("date", "timestamp without time zone"),
    ("timestamp without time zone", "timestamp with time zone"),
    ("real", "double precision"),
    ("named", "text"),
    ("text", "named"),
    ("uuid", "text"),
    ("positive", "integer"),
)


def change_type(train: Train) -> Statements:
    """ALTER COLUMN TYPE, or a column of another type filled and the old one dropped."""
    casts = train.random.sample(_CASTS, len(_CASTS))
    for cast in casts:
        old, new = cast
        table, column = _any_column(train, (old,))
        if column.kind.removeprefix("public.") == old and not column.computed:
            break
    else:
        return rename_column(train)
    typed, a = tables.sql_type(new), ident(column.name)
    if train.chance(0.4):
        train.put(
            table,
            *(replace(c, kind=typed, rest="") if c is column else c for c in table.columns),
        )
        using = f" USING {a}::{typed}" if train.chance(0.5) else ""
        return (f"ALTER TABLE {table.sql} ALTER COLUMN {a} TYPE {typed}{using};",)
    name = train.fresh(table)
    left = Column(name=name, kind=typed)
    train.put(table, *(left if c is column else c for c in table.columns))
    return (
        f"ALTER TABLE {table.sql} ADD COLUMN {ident(name)} {typed};",
        f"UPDATE {table.sql} SET {ident(name)} = {a}::{typed};",
        f"ALTER TABLE {table.sql} DROP COLUMN {a};",
    )


_WIDER = {"smallint": ("integer", "bigint"), "integer": ("bigint",)}


def widen_integer(train: Train) -> Statements:
    """An integer gets wider: a key, mostly with what refers to it, or another column."""
    keyed = [table for table in train.tables if table.columns[0].kind in _WIDER]
    if not keyed or train.chance(0.4):
        table, column = _any_column(train, tuple(_WIDER))
        if column.kind not in _WIDER or column.computed:
            return change_type(train)
        return _widened(train, table, column, train.random.choice(_WIDER[column.kind]))
    table = train.random.choice(keyed)
    column, name = table.columns[0], table.sql
    new = train.random.choice(_WIDER[column.kind])
    found = _widened(train, table, column, new)
    for child in list(train.tables):
        for one in child.columns:
            if f"REFERENCES {name} " in one.rest and train.chance(0.8):
                current = next(t for t in train.tables if t.name == child.name)
                found += _widened(train, current, one, new)
    return found


def _widened(train: Train, table: Table, column: Column, new: str) -> Statements:
    wider = (replace(c, kind=new) if c is column else c for c in table.columns)
    train.put(table, *wider)
    return (f"ALTER TABLE {table.sql} ALTER COLUMN {ident(column.name)} TYPE {new};",)


_SHARED = (("json", "jsonb"), ("numeric(8,2)", "numeric(12,4)"))


def retype_column(train: Train) -> Statements:
    """Another type that both versions share."""
    for old, new in train.random.sample(_SHARED, len(_SHARED)):
        table, column = _any_column(train, (old,))
        if column.kind == old and not column.computed:
            return _widened(train, table, column, new)
    return widen_integer(train)


def drop_column(train: Train) -> Statements:
    """DROP COLUMN."""
    table, column = _any_column(train)
    train.put(table, *(c for c in table.columns if c is not column))
    return (f"ALTER TABLE {table.sql} DROP COLUMN {ident(column.name)};",)


def set_not_null(train: Train) -> Statements:
    """Mostly after a fill."""
    table, column = _any_column(train)
    name = ident(column.name)
    kind = BY_NAME.get(column.kind.removeprefix("public."))
    constant = kind.values[0] if kind else "DEFAULT"
    fill = f"UPDATE {table.sql} SET {name} = {constant} WHERE {name} IS NULL;"
    alter = f"ALTER TABLE {table.sql} ALTER COLUMN {name} SET NOT NULL;"
    return (fill, alter) if train.chance(0.8) else (alter,)


def drop_not_null(train: Train) -> Statements:
    """Mostly of a column that is NOT NULL."""
    required = [
        (table, column)
        for table in train.tables
        for column in table.columns[1:]
        if "NOT NULL" in column.rest
    ]
    table, column = _any_column(train)
    if required and train.chance(0.9):
        table, column = train.random.choice(required)
    rest = column.rest.replace("NOT NULL", "").strip()
    left = (replace(c, rest=rest) if c is column else c for c in table.columns)
    train.put(table, *left)
    return (f"ALTER TABLE {table.sql} ALTER COLUMN {ident(column.name)} DROP NOT NULL;",)


def change_default(train: Train) -> Statements:
    """SET or DROP DEFAULT."""
    table, column = _any_column(train)
    kind = BY_NAME.get(column.kind.removeprefix("public."))
    what = "DROP DEFAULT"
    if kind and train.chance(0.6):
        what = f"SET DEFAULT {train.random.choice(kind.values)}"
    return (f"ALTER TABLE {table.sql} ALTER COLUMN {ident(column.name)} {what};",)


def backfill(train: Train) -> Statements:
    """UPDATE of rows in use."""
    table, column = _any_column(train, TEXTS if train.chance(0.6) else ())
    name, kind = ident(column.name), column.kind.removeprefix("public.")
    known = BY_NAME.get(kind)
    if kind in TEXTS:
        forms = (f"upper({name})", f"btrim({name})", f"{_norm(train)}({name})")
        expression = train.random.choice(forms)
        where = train.random.choice(("", f" WHERE {name} <> ''", f" WHERE {name} = 'a'"))
    elif known:
        expression, where = train.random.choice(known.values), f" WHERE {name} IS NULL"
    else:
        expression, where = name, ""
    keep = ("-- zdm: keep old values",) if train.chance(0.1) else ()
    return (*keep, f"UPDATE {table.sql} SET {name} = {expression}{where};")


def _holding(train: Train, column: Column) -> str:
    """A condition on a column that its rows satisfy, or nearly so."""
    name, kind = ident(column.name), column.kind.removeprefix("public.")
    forms = [f"{name} IS NULL OR {name}::text <> 'nothing has this'"]
    if kind in TEXTS:
        forms += [f"length({name}::text) < 60", f"{name} <> 'zz'"]
    if kind in NUMBERS:
        forms += [f"{name} <> -77", f"{name} > -100 OR id > 0"]
    return train.random.choice(forms)


def add_check(train: Train) -> Statements:
    """Of a column in use, of one that the train adds, NOT VALID, validated later."""
    table, column = _any_column(train)
    train.made += 1
    more = tuple[str, ...]()
    if train.chance(0.3):
        more = add_column(train)
        table = next((t for t in train.tables if t.name == table.name), table)
        column = train.column(table) or column
    alter, name = f"ALTER TABLE {table.sql}", ident(f"ck_{train.made}")
    form = train.random.choice(("valid", "valid", "unnamed", "not valid", "later"))
    if form == "unnamed":
        return (*more, f"{alter} ADD CHECK ({_holding(train, column)});")
    add = f"{alter} ADD CONSTRAINT {name} CHECK ({_holding(train, column)})"
    if form == "valid":
        return (*more, f"{add};")
    later = (f"{alter} VALIDATE CONSTRAINT {name};",) if form == "later" else ()
    return (*more, f"{add} NOT VALID;", *later)


def add_foreign_key(train: Train) -> Statements:
    """From a column that the train adds, or from the key to itself, which always holds."""
    table = train.table()
    train.made += 1
    name = ident(f"fk_{train.made}")
    action = train.random.choice(("", "", " ON DELETE CASCADE", " ON DELETE SET NULL"))
    later = " DEFERRABLE INITIALLY DEFERRED" if train.chance(0.2) else ""
    alter, first = f"ALTER TABLE {table.sql}", ident(table.columns[0].name)
    if train.chance(0.4):
        return (
            f"{alter} ADD CONSTRAINT {name} FOREIGN KEY ({first}) REFERENCES"
            f" {table.sql} ({first}){later};",
        )
    other = train.random.choice(train.tables)
    column = Column(name=f"ref{train.made}", kind=other.columns[0].kind)
    train.put(table, *table.columns, column)
    more = (f"CREATE INDEX ON {table.sql} ({ident(column.name)});",)
    return (
        f"{alter} ADD COLUMN {ident(column.name)} {column.kind};",
        *(more if train.chance(0.5) else ()),
        f"{alter} ADD CONSTRAINT {name} FOREIGN KEY ({ident(column.name)}) REFERENCES"
        f" {other.sql} ({ident(other.columns[0].name)}){action}{later};",
    )


def add_unique(train: Train) -> Statements:
    """Of a column without duplicates, with the key, of a new column, by an index."""
    table, column = _any_column(train)
    train.made += 1
    alter, name = f"ALTER TABLE {table.sql}", ident(f"un_{train.made}")
    first, tail = ident(table.columns[0].name), ""
    if train.major >= 15 and train.chance(0.2):
        tail = " NULLS NOT DISTINCT"
    key = ident(column.name) if column.distinct else f"{ident(column.name)}, {first}"
    form = train.random.choice(("plain", "new", "index", "deferrable"))
    if form == "new":
        made = train.fresh(table)
        train.put(table, *table.columns, Column(name=made, kind="text", distinct=True))
        add = f"{alter} ADD COLUMN {ident(made)} text;"
        return (add, f"{alter} ADD CONSTRAINT {name} UNIQUE ({ident(made)});")
    if form == "index":
        index = ident(f"un_ix_{train.made}")
        return (
            f"CREATE UNIQUE INDEX {index} ON {table.sql} ({key}){tail};",
            f"{alter} ADD CONSTRAINT {name} UNIQUE USING INDEX {index};",
        )
    end = " DEFERRABLE" if form == "deferrable" else ""
    return (f"{alter} ADD CONSTRAINT {name} UNIQUE{tail} ({key}){end};",)


def add_primary_key(train: Train) -> Statements:
    """Of a table of its own, which has a unique index or which nobody writes."""
    table = train.table()
    if "moved" in table.name.lower():
        return add_unique(train)
    train.made += 1
    name, rest = f"keyless{train.made}", train.random.choice(("", " NOT NULL"))
    sql = f"public.{name}"
    made = [f"CREATE TABLE {sql} (a bigint{rest}, b text);"]
    made += [f"INSERT INTO {sql} SELECT n, 'b' FROM generate_series(1, 20) AS n;"]
    key = "a"
    if train.chance(0.5):
        made.append(f"CREATE UNIQUE INDEX ON {sql} (a);")
        made.append(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {sql} TO {APP};" * bool(rest))
    elif train.chance(0.3):
        key = "a, b"
    train.tables[train.tables.index(table)] = replace(
        table, extras=(*table.extras, *(one for one in made if one))
    )
    return (f"ALTER TABLE {sql} ADD PRIMARY KEY ({key});",)


def _constrained(train: Train) -> tuple[Table, str] | None:
    """A table and a constraint that it then has from the start."""
    table = train.table()
    if "moved" in table.name.lower() or table.columns[0].name != "id":
        return None
    train.made += 1
    name = f"had_{train.made}"
    forms = [
        "CHECK (id IS NOT NULL)",
        "CHECK (id > 0) NOT VALID",
        f"FOREIGN KEY (id) REFERENCES {table.sql} (id)",
        "UNIQUE (id)",
    ]
    if not table.tail:
        forms.append(f"FOREIGN KEY (id) REFERENCES {table.sql} (id) ON DELETE CASCADE")
    made = f"ALTER TABLE {table.sql} ADD CONSTRAINT {name} {train.random.choice(forms)};"
    changed = replace(table, extras=(*table.extras, made))
    train.tables[train.tables.index(table)] = changed
    return changed, name


def drop_constraint(train: Train) -> Statements:
    """One that the table has, sometimes with another one in its place."""
    found = _constrained(train)
    if found is None:
        return add_check(train)
    table, name = found
    drop = f"ALTER TABLE {table.sql} DROP CONSTRAINT {name};"
    if train.chance(0.3):
        return (drop, f"ALTER TABLE {table.sql} ADD CONSTRAINT {name} CHECK (id > -10);")
    return (drop,)


def replace_key(train: Train) -> Statements:
    """By a key on fewer columns, or on more, which the primary key implies."""
    table = train.table()
    if "moved" in table.name.lower() or table.columns[0].name != "id":
        return add_unique(train)
    train.made += 1
    name, alter = f"had_{train.made}", f"ALTER TABLE {table.sql}"
    other = ident(train.random.choice([c for c in table.columns if _is_ordered(c)]).name)
    keys = ["id", "id" if other == ident("id") else f"id, {other}"]
    train.random.shuffle(keys)
    made = f"{alter} ADD CONSTRAINT {name} UNIQUE ({keys[0]});"
    train.tables[train.tables.index(table)] = replace(table, extras=(*table.extras, made))
    add = f"ADD CONSTRAINT {name} UNIQUE ({keys[1]})"
    if train.chance(0.5):
        return (f"{alter} DROP CONSTRAINT {name}, {add};",)
    return (f"{alter} DROP CONSTRAINT {name};", f"{alter} {add};")


def _is_ordered(column: Column) -> bool:
    """Whether a unique index can be made on it."""
    return column.kind not in ("json", "point") and "VIRTUAL" not in column.rest


def rename_constraint(train: Train) -> Statements:
    """One that the table has."""
    found = _constrained(train)
    if found is None:
        return add_check(train)
    table, name = found
    return (f"ALTER TABLE {table.sql} RENAME CONSTRAINT {name} TO {name}_new;",)


def validate_constraint(train: Train) -> Statements:
    """One that the table has, which may be valid already."""
    found = _constrained(train)
    if found is None:
        return add_check(train)
    table, name = found
    return (f"ALTER TABLE {table.sql} VALIDATE CONSTRAINT {name};",)


def create_index(train: Train) -> Statements:
    """Plain, unique, partial, on an expression, NULLS NOT DISTINCT."""
    table, column = _any_column(train)
    name, kind = ident(column.name), column.kind.removeprefix("public.")
    train.made += 1
    index = ident(f"ix_{train.made}")
    forms = [f"({name})", f"({name}, id)", f"(id) INCLUDE ({name})"]
    forms.append(f"({name}) WHERE {name} IS NOT NULL")
    if kind in TEXTS:
        forms.append(f"(lower({name}::text))")
    unique = "UNIQUE " if column.distinct and train.chance(0.6) else ""
    tail = ""
    if unique and train.major >= 15 and train.chance(0.3):
        tail, forms = " NULLS NOT DISTINCT", [f"({name})"]
    form = train.random.choice(forms)
    return (f"CREATE {unique}INDEX {index} ON {table.sql} {form}{tail};",)


def drop_index(train: Train) -> Statements:
    """One that PostgreSQL named, so by its likely name."""
    made = [
        (table, extra)
        for table in train.tables
        for extra in table.extras
        if "INDEX ON" in extra
    ]
    if not made:
        return create_index(train)
    table, extra = train.random.choice(made)
    train.made += 1
    name = f"dropped_{train.made}"
    named = extra.replace("INDEX ON", f"INDEX {name} ON", 1)
    train.tables[train.tables.index(table)] = replace(
        table,
        extras=tuple(dict.fromkeys(named if e == extra else e for e in table.extras)),
    )
    again = (f"CREATE INDEX {name} ON {table.sql} (id);",) if train.chance(0.4) else ()
    return (f"DROP INDEX public.{name};", *again)


def create_table(train: Train) -> Statements:
    """A new table, mostly one that refers to another."""
    table = train.table()
    train.made += 1
    name = f"made{train.made}"
    of = (
        f", of {table.columns[0].kind} REFERENCES {table.sql} (id)" if train.chance(0.6) else ""
    )
    kind = tables.a_kind(train.random)
    column = Column(name="v", kind=tables.sql_type(kind.name))
    train.tables.append(
        Table(name=name, columns=(Column(name="id", kind="bigint", rest="P"), column))
    )
    return (
        f"CREATE TABLE public.{name} (id bigint PRIMARY KEY, v {column.kind}{of});",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON public.{name} TO {APP};",
    )


def new_table_change(train: Train) -> Statements:
    """A new table, then something on it."""
    made = create_table(train)
    table = train.tables[-1]
    more = train.random.choice(
        (
            f"CREATE INDEX ON {table.sql} (id, v);",
            f"ALTER TABLE {table.sql} ADD COLUMN w integer DEFAULT 1;",
            f"ALTER TABLE {table.sql} ALTER COLUMN v SET NOT NULL;",
            f"INSERT INTO {table.sql} (id) VALUES (1);",
        )
    )
    return (*made, more)


def rename_table(train: Train) -> Statements:
    """RENAME TO, sometimes with RENAME COLUMN before or behind it."""
    table, column = _any_column(train)
    train.made += 1
    name = train.random.choice((f"moved{train.made}", f"Moved Table {train.made}"))
    renames = f"ALTER TABLE {table.sql} RENAME TO {ident(name)};"
    if train.chance(0.5):
        train.put(table, name=name)
        return (renames,)
    new = train.fresh(table)
    columns = (replace(c, name=new) if c is column else c for c in table.columns)
    moved = replace(table, name=name)
    train.put(table, *columns, name=name)
    words = f"RENAME COLUMN {ident(column.name)} TO {ident(new)};"
    if train.chance(0.5):
        return (f"ALTER TABLE {table.sql} {words}", renames)
    return (renames, f"ALTER TABLE {moved.sql} {words}")


def drop_table(train: Train) -> Statements:
    """DROP TABLE of one of several, or of one that is not there."""
    if len(train.tables) == 1:
        train.made += 1
        return (f"DROP TABLE IF EXISTS public.gone{train.made};",)
    table = train.table()
    train.tables.remove(table)
    return (f"DROP TABLE {table.sql}{' CASCADE' if train.chance(0.2) else ''};",)


def new_object(train: Train) -> Statements:
    """View, function, enum, sequence, domain."""
    table, column = _any_column(train)
    train.made += 1
    name, n = ident(column.name), train.made
    return (
        train.random.choice(
            (
                f"CREATE VIEW public.view{n} AS SELECT id, {name} AS shown FROM {table.sql};",
                f"CREATE FUNCTION public.fn{n}() RETURNS bigint LANGUAGE sql"
                f" AS 'SELECT count(*) FROM {table.sql}';",
                f"CREATE TYPE public.type{n} AS ENUM ('a', 'b');",
                f"CREATE SEQUENCE public.seq{n};",
                f"CREATE DOMAIN public.dom{n} AS text CHECK (VALUE <> 'x');",
            )
        ),
    )


def add_enum_value(train: Train) -> Statements:
    """Of a type that columns may have, or of a new one."""
    train.made += 1
    place = train.random.choice(("", " BEFORE 'ok'", " AFTER 'sad'", " AFTER 'very happy'"))
    sure = "IF NOT EXISTS " if train.chance(0.4) else ""
    label = "ok" if train.chance(0.1) else f"it''s {train.made}"
    return (f"ALTER TYPE public.mood ADD VALUE {sure}'{label}'{place};",)


def rename_enum_value(train: Train) -> Statements:
    """Of a type that columns may have, or of a new one."""
    if train.chance(0.3):
        return ("ALTER TYPE public.mood RENAME VALUE 'ok' TO 'fine';",)
    train.made += 1
    name = f"public.type{train.made}"
    return (
        f"CREATE TYPE {name} AS ENUM ('a', 'b');",
        f"ALTER TYPE {name} RENAME VALUE 'a' TO 'c';",
    )


def swap_enum(train: Train) -> Statements:
    """The type that columns have, made again with more labels, or with less."""
    labels = ["'sad'", "'ok'", "'very happy'"]
    labels.insert(train.random.randrange(4), "'more'")
    if train.chance(0.15):
        labels.remove("'sad'")
    columns = [
        (table, column)
        for table in train.tables
        for column in table.columns
        if column.kind == "public.mood"
    ]
    more: list[str] = []
    for table, column in columns:
        alter = f"ALTER TABLE {table.sql} ALTER COLUMN {ident(column.name)}"
        _, _, default = column.rest.partition("DEFAULT ")
        if default:
            more.append(f"{alter} DROP DEFAULT;")
        more.append(f"{alter} TYPE public.mood USING {ident(column.name)}::text::public.mood;")
        if default:
            given = default.removesuffix(" NOT NULL")
            more.append(f"{alter} SET DEFAULT {given};")
    return (
        "ALTER TYPE public.mood RENAME TO mood_before;",
        f"CREATE TYPE public.mood AS ENUM ({', '.join(labels)});",
        *more,
        "DROP TYPE public.mood_before;",
    )


def insert_rows(train: Train) -> Statements:
    """A seed row."""
    table = train.table()
    train.made += 1
    into = ident(table.columns[0].name)
    values = [(into, str(900000 + train.made))]
    for column in table.columns[1:]:
        kind = BY_NAME.get(column.kind.removeprefix("public."))
        if kind and not column.computed and column.name != "parent_id":
            values.append(
                (
                    ident(column.name),
                    tables.value(
                        train.random, kind, 9000 + train.made, distinct=column.distinct
                    ),
                )
            )
    names, given = (", ".join(part) for part in zip(*values, strict=True))
    over = " OVERRIDING SYSTEM VALUE" if "ALWAYS" in table.columns[0].rest else ""
    rows = train.random.choice(
        (
            f"VALUES ({given})",
            f"SELECT {given} WHERE NOT EXISTS (SELECT FROM {table.sql} WHERE {into} = 0)",
            f"VALUES ({given}) ON CONFLICT ({into}) DO UPDATE SET {into} = excluded.{into}",
        )
        if "ALWAYS" not in table.columns[0].rest
        else (f"VALUES ({given})",)
    )
    return (f"INSERT INTO {table.sql} ({names}){over} {rows};",)


def set_sequence(train: Train) -> Statements:
    """The sequence of a table's key, behind all that it has."""
    table = train.table()
    key = ident(table.columns[0].name)
    of = f"pg_get_serial_sequence('{table.sql}', '{table.columns[0].name}')"
    if "IDENTITY" not in table.columns[0].rest:
        return ()
    number = train.random.randrange(2_000_000, 9_000_000)
    return (
        train.random.choice(
            (
                f"SELECT setval({of}, (SELECT max({key}) FROM {table.sql}));",
                f"SELECT setval({of}, coalesce(max({key}), 0) + 1, false) FROM {table.sql};",
                f"SELECT pg_catalog.setval({of}, {number}, true);",
                f"ALTER TABLE {table.sql} ALTER COLUMN {key} RESTART WITH {number};",
            )
        ),
    )


def copy_rows(train: Train) -> Statements:
    """The rows of a table that nobody has counted, copied into a new one by their key."""
    table, column = _any_column(train)
    key, name = ident(table.columns[0].name), ident(column.name)
    train.made += 1
    made = f"copied{train.made}"
    unique = train.random.choice((" PRIMARY KEY", " NOT NULL UNIQUE"))
    where = train.random.choice(
        ("", f" WHERE c.{name} IS NOT NULL", f" WHERE c.{key} NOT IN (3, 4) ORDER BY c.{name}")
    )
    return (
        f"CREATE TABLE {made} (said text, of_key {table.columns[0].kind}{unique});",
        f"INSERT INTO {made} (of_key, said) SELECT c.{key}, c.{name}::text"
        f" FROM {table.sql} AS c{where};",
    )


def move_column(train: Train) -> Statements:
    """One column or two, moved to a new table with the key of their own."""
    table, column = _any_column(train)
    rest = [c for c in table.columns[1:] if c is not column and not c.computed and not c.rest]
    moved = [column, *(rest[:1] if train.chance(0.3) else ())]
    key, names = table.columns[0], [ident(one.name) for one in moved]
    train.made += 1
    made = f"moved{train.made}"
    if len(table.columns) > len(moved) + 1:
        train.put(table, *(c for c in table.columns if c not in moved))
    typed = ", ".join(f"{n} {one.kind}" for n, one in zip(names, moved, strict=True))
    follows = train.random.choice((" ON DELETE CASCADE",) * 6 + ("",))
    given = " OR ".join(f"t.{name} IS NOT NULL" for name in names)
    where = f" WHERE {given}" if train.chance(0.7) else ""
    drops = ", ".join(f"DROP COLUMN {name}" for name in names)
    return (
        f"CREATE TABLE {made} (of_key {key.kind} PRIMARY KEY REFERENCES {table.sql}{follows},"
        f" {typed});",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {made} TO {APP};",
        f"INSERT INTO {made} SELECT t.{ident(key.name)}, {', '.join(names)}"
        f" FROM {table.sql} AS t{where};",
        f"ALTER TABLE {table.sql} {drops};",
    )


def update_rows(train: Train) -> Statements:
    """Some rows by their keys or by another table, from constants, the row or another row."""
    table, column = _any_column(train)
    first, name = ident(table.columns[0].name), ident(column.name)
    key = train.random.randrange(1, 40)
    beside = _beside(train, table)
    other = f"(SELECT other.{name} FROM {table.sql} AS other WHERE other.{first} = {key})"
    value, where = train.random.choice(
        (
            (name, f"{first} = {key}"),
            ("NULL", f"{first} IN ({key}, {key + 1})"),
            (other, f"{first} = {key + 1}"),
            ("NULL", f"{first} IN (SELECT {beside} BETWEEN 3 AND 9)"),
            ("NULL", f"{first} < 9 AND EXISTS (SELECT {beside} = 4)"),
        )
    )
    return (f"UPDATE {table.sql} SET {name} = {value} WHERE {where};",)


def delete_rows(train: Train) -> Statements:
    """Rows by their keys, or those that a condition selects, which no application writes;
    before a unique index, too."""
    table, column = _any_column(train)
    first, name = ident(table.columns[0].name), ident(column.name)
    train.made += 1
    where = train.random.choice(
        (
            f"{first} = {train.random.randrange(1, 40)}",
            f"{first} IN ({train.random.randrange(1, 20)}, {train.random.randrange(20, 40)})",
            f"{first} BETWEEN 5 AND 9",
            f"{name}::text = 'nothing has this'",
            f"{name}::text = 'nor this' AND {first} BETWEEN 3 AND 12",
            f"{first} IN (SELECT {_beside(train, table)} BETWEEN 3 AND 9)",
            f"{first} < 9 AND EXISTS (SELECT {_beside(train, table)} = 4)",
        )
    )
    after = tuple[str, ...]()
    if train.chance(0.2):
        after = (f"CREATE UNIQUE INDEX del_{train.made} ON {table.sql} ({first});",)
    return (f"DELETE FROM {table.sql} WHERE {where};", *after)


def _beside(train: Train, table: Table) -> str:
    """The start of a query of another table's keys, up to the condition of the key."""
    other = train.random.choice([t for t in train.tables if t is not table] or [table])
    key = f"beside.{ident(other.columns[0].name)}"
    return f"{key} FROM {other.sql} AS beside WHERE {key}"


def comment(train: Train) -> Statements:
    """COMMENT ON a table, a column, or a view or sequence that the train makes or not."""
    table, column = _any_column(train)
    if train.chance(0.3):
        train.made += 1
        name, kind = f"public.told{train.made}", train.random.choice(("SEQUENCE", "DOMAIN"))
        made = f"CREATE {kind} {name}{' AS text' if kind == 'DOMAIN' else ''};"
        said = f"COMMENT ON {kind} {name} IS 'it''s said';"
        if train.chance(0.5):
            return (made, said)
        train.functions.append(made)
        return (said,)
    what = train.random.choice(
        (f"TABLE {table.sql}", f"COLUMN {table.sql}.{ident(column.name)}")
    )
    return (f"COMMENT ON {what} IS 'it''s said';",)


def as_written(train: Train) -> Statements:
    """Statements that zdm would not plan by itself."""
    table, column = _any_column(train)
    name = ident(column.name)
    statement = train.random.choice(
        (
            f"ALTER TABLE {table.sql} ALTER COLUMN {name} SET STATISTICS 50;",
            f"ALTER TABLE {table.sql} SET (fillfactor = 80);",
            f"ANALYZE {table.sql};",
            f"ALTER TABLE {table.sql} ADD CONSTRAINT checked{train.made}"
            f" CHECK ({name} IS NULL OR {name}::text <> 'nothing has this');",
        )
    )
    return ("-- zdm: run in expand -- harmless", statement)


GENERATORS: dict[str, Generator] = {
    g.__name__: g
    for g in (
        as_written,
        new_table_change,
        change_default,
        rename_column,
        change_type,
        widen_integer,
        retype_column,
        drop_column,
        set_not_null,
        drop_not_null,
        add_check,
        add_foreign_key,
        add_unique,
        add_primary_key,
        drop_constraint,
        replace_key,
        rename_constraint,
        metadata.rename_index,
        metadata.drop_object,
        metadata.create_statistics,
        metadata.maintain_table,
        metadata.rename_part,
        metadata.change_owner,
        metadata.create_publication,
        metadata.drop_publication,
        metadata.alter_sequence,
        metadata.rename_view,
        metadata.rename_function,
        metadata.set_schema,
        metadata.grant,
        metadata.change_settings,
        metadata.change_identity,
        metadata.change_policy,
        metadata.attach_partition,
        metadata.detach_partition,
        metadata.partition_table,
        validate_constraint,
        add_column,
        create_index,
        drop_index,
        backfill,
        insert_rows,
        copy_rows,
        move_column,
        set_sequence,
        update_rows,
        delete_rows,
        create_table,
        new_object,
        add_enum_value,
        rename_enum_value,
        swap_enum,
        comment,
        rename_table,
        drop_table,
        *objects.GENERATORS,
    )
}
_WEIGHTS = {"add_column": 8, "rename_column": 4, "change_type": 5, "drop_column": 3,
            "set_not_null": 3, "backfill": 2, "create_index": 2}  # fmt: skip


def chosen(random: Random, count: int) -> list[str]:
    """Generators of a train, by their names."""
    slugs = list(GENERATORS)
    return random.choices(slugs, [_WEIGHTS.get(slug, 1) for slug in slugs], k=count)


def changes(train: Train, slugs: Sequence[str]) -> tuple[Change, ...]:
    """A train."""
    return tuple(Change(slug=slug, sql=GENERATORS[slug](train)) for slug in slugs)
