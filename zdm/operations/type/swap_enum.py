"""A new enum type in the place of another, as ORMs write it: one change, by its labels.

RENAME of the old type, CREATE TYPE under its name, ALTER COLUMN … TYPE … USING c::text::e for
each column, DROP TYPE of the old one, in this order or with the new type made first, and with
DROP and SET DEFAULT around. As written it rewrites each table under ACCESS EXCLUSIVE (measured
11-18). Where it only adds labels, ADD VALUE leaves the same type. What removes, renames or
reorders labels needs rows that both versions read, so it is refused.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.expression import Cast, Constant, Expression
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Step
from zdm.model.schema import Column, Name, Snapshot, Type
from zdm.model.sql import literal
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import ChangeType, CreateObject, DropObjects, RenameObject, SetDefault
from zdm.parse import expressions
from zdm.recipes.column import dependents
from zdm.recipes.reading import refuse, statements
from zdm.recipes.type import enum_labels
from zdm.recipes.type.enum_labels import Label
from zdm.schema import enums, family, lookup, new_objects, type_names
from zdm.schema.effects import dependents as dropping
from zdm.schema.effects.dependents import Thing

SLUG = "swap_enum"
_DEFAULTS = (ActionKind.SET_DEFAULT, ActionKind.DROP_DEFAULT)
_Column = tuple[Name, str]


class SwapEnum(Struct, frozen=True, kw_only=True):
    """Add the labels that the new type has and the old one has not."""

    enum: Type
    labels: tuple[Label, ...]

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        if not self.labels:
            return f"replace {self.enum.name} (no change)"
        return f"add {_listed(label.name for label in self.labels)} to {self.enum.name}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Those of the labels."""
        names = tuple(label.name for label in self.labels)
        lines = enum_labels.hazards(self.enum.name, names, context.snapshot)
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def choice(self, context: Context) -> Choice:
        """Labels need no second type."""
        del context
        if not self.labels:
            return choice.nothing("the new type has the same labels")
        return choice.of(
            choice.way(
                "new_type",
                "make another type, and change each column to it",
                False,
                unless="it rewrites each table while reads and writes wait",
            ),
            choice.way(
                "add_labels",
                "ADD VALUE for each new label",
                True,
                because="it locks no table, and the new type has every label of the old one",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step for each label, before the rollout."""
        return tuple(enum_labels.add(SLUG, self.enum, one, context) for one in self.labels)


@dataclass(slots=True)
class _Swap:
    """What of it was read so far: the names that both types have at this place of the train,
    the columns that have the new one, and the positions of its statements."""

    snapshot: Snapshot
    old: Name | None = None
    new: Name | None = None
    enum: Type | None = None  # the old one, at the start
    labels: tuple[str, ...] = ()
    dropped: bool = False
    columns: set[_Column] = field(default_factory=set)
    consumed: list[int] = field(default_factory=list)
    defaults: dict[_Column, list[int]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether the new type has taken the old one's name, and each of its columns."""
        if self.enum is None or not self.dropped or self.new != self.enum.name:
            return False
        return self.columns == {*_columns(self.enum, self.snapshot)}

    def takes(self, position: int, action: Action) -> bool:
        """Whether the Action is part of it."""
        match action.said:
            case CreateObject() as said:
                taken = self._create(said, action)
            case RenameObject() as said:
                taken = self._rename(said, action)
            case ChangeType() as said:
                taken = self._change(said, action)
            case DropObjects() as said:
                taken = self._drop(said)
            case SetDefault():
                return self._default(position, action)
            case _:
                return False
        if taken:
            self.consumed.append(position)
        return taken

    def _create(self, said: CreateObject, action: Action) -> bool:
        new = new_objects.read(action, self.snapshot)
        if said.kind != "enum" or new is None or self.new is not None:
            return False
        self.new, self.labels = new.name, said.labels
        return True

    def _rename(self, said: RenameObject, action: Action) -> bool:
        if said.kind != "type":
            return False
        for name in (self.new, self.old):
            if name is not None and _named(said.words, name):
                after = Name(name.schema, said.new_name)
                if name == self.new:
                    self.new = after
                else:
                    self.old = after
                return True
        enum = enums.found(said.words, self.snapshot, action.statement.settings)
        if enum is None or not self._of_old(enum):
            return False
        self.old = Name(enum.name.schema, said.new_name)
        return True

    def _of_old(self, enum: Type | None) -> bool:
        """Whether it is the old type; the first that is named is."""
        if enum is None or enum.kind != "enum" or (self.enum is not None and self.enum != enum):
            return False
        if self.enum is None:
            self.enum, self.old = enum, enum.name
        return True

    def _change(self, said: ChangeType, action: Action) -> bool:
        table = lookup.table_of(self.snapshot, action)
        column = table.column(said.column) if table is not None else None
        if self.new is None or table is None or column is None or not _by_text(said):
            return False
        array = column.type.endswith("[]")
        if not _named(said.type.words, self.new) or bool(said.type.dimensions) is not array:
            return False
        if not self._of_old(_enum_of(column, self.snapshot)):
            return False
        self.columns.add((table.name, column.name))
        return True

    def _drop(self, said: DropObjects) -> bool:
        one = said.objects[0] if len(said.objects) == 1 and said.kind == "type" else ()
        if not one or self.old is None or said.cascade or not _named(one, self.old):
            return False
        self.dropped, self.old = True, None
        return True

    def _default(self, position: int, action: Action) -> bool:
        """Of a column of the old type: taken where it is set again as it was."""
        fact = statements.fact(action, *_DEFAULTS)
        table = lookup.table_of(self.snapshot, action)
        column = table.column(fact.name) if fact is not None and table is not None else None
        if table is None or column is None or _enum_of(column, self.snapshot) is None:
            return False
        self.defaults.setdefault((table.name, column.name), []).append(position)
        return True


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """The statements of a swap, of which the first may be any."""
    if not _begins(actions[0], snapshot):
        return None
    swap = _Swap(snapshot)
    for position, action in enumerate(actions):
        if not swap.takes(position, action) and _in_the_way(swap, action):
            break
    if swap.enum is None or not swap.complete:
        return None
    kept = [position for column in swap.columns for position in _same(swap, actions, column)]
    consumed = tuple(sorted({*swap.consumed, *kept}))
    if consumed[:1] != (0,):
        return None
    problem = _blocked(swap) or _needed(swap, actions) or _problem(swap.enum, swap.labels)
    if problem is None:
        new = tuple(_new(swap.enum.labels, swap.labels))
        operation = SwapEnum(enum=swap.enum, labels=new)
        left = enums.with_labels(swap.enum, swap.labels)
        return Match(operation=operation, consumed=consumed, types=(left,))
    refusal = refuse.refuse(actions[0], "enum_cannot_be_swapped", *problem)
    return Refusal(finding=refusal.finding, consumed=consumed)


def _blocked(swap: _Swap) -> tuple[str, str] | None:
    """What makes the change of a column's type fail, and the remedy."""
    for name, column in sorted(swap.columns):
        table = swap.snapshot.require_table(name)
        found = dependents.blocking(swap.snapshot, table, column)
        if found:
            return (
                f"the type of {name}.{column} cannot be changed, because these depend on it:"
                f" {', '.join(found)}",
                "add the labels with ALTER TYPE … ADD VALUE, for which nothing has to be"
                " changed",
            )
    return None


def _needed(swap: _Swap, actions: Sequence[Action]) -> tuple[str, str] | None:
    """What else is of the old type, so that its DROP fails, and the remedy; nothing where the
    train drops other things, too."""
    if any(isinstance(a.said, DropObjects) and a.said.kind != "type" for a in actions):
        return None
    things = () if swap.enum is None else (Thing("type", swap.enum.name),)
    found = [
        str(one)
        for one in dropping.blocking(swap.snapshot, things)
        if (one.name, one.part) not in swap.columns
    ]
    if not found:
        return None
    return (
        f"the old type cannot be dropped, because these need it: {', '.join(found)}",
        "add the labels with ALTER TYPE … ADD VALUE, for which nothing has to be changed",
    )


def _problem(enum: Type, labels: tuple[str, ...]) -> tuple[str, str] | None:
    """Why it is more than labels that are added, and the remedy."""
    lost = [label for label in enum.labels if label not in labels]
    added = [label for label in labels if label not in enum.labels]
    if lost and added:
        return (
            f"the new {enum.name} has {_listed(added)} instead of {_listed(lost)}, and the old"
            " version, which does not know the new labels, reads and writes the former ones",
            "add the new labels with ADD VALUE, let the new version read both and write the new"
            " ones, and UPDATE the rows in a revision that is planned after this train is"
            " contracted; the former labels stay in the type",
        )
    if lost:
        return (
            f"the new {enum.name} has no {_listed(lost)}, which the old version may still"
            " write, and each table with it is rewritten while reads and writes wait",
            "leave the label in the type: UPDATE the rows that have it, and add a CHECK that"
            " refuses it, NOT VALID, under `-- zdm: run in contract -- reason`",
        )
    if [label for label in labels if label in enum.labels] != [*enum.labels]:
        return (
            f"the new {enum.name} has its labels in another order, for which each table with it"
            " is rewritten while reads and writes wait",
            "remove these statements, and sort by a CASE in the queries",
        )
    if enum.comment is not None or enum.grants:
        return (
            f"the new {enum.name} has neither the comment nor the grants of the former one",
            "add the labels with ALTER TYPE … ADD VALUE, which keeps them",
        )
    return None


def _new(old: tuple[str, ...], labels: tuple[str, ...]) -> Iterator[Label]:
    """The labels to add, in an order in which each neighbour is there."""
    for number, name in enumerate(labels):
        if name in old:
            continue
        if number:
            yield Label(name=name, neighbour=labels[number - 1])
        else:
            yield Label(name=name, neighbour=old[0] if old else "", after=False)


def _begins(action: Action, snapshot: Snapshot) -> bool:
    """Whether a swap may begin here."""
    said = action.said
    if isinstance(said, CreateObject):
        return said.kind == "enum"
    if isinstance(said, RenameObject):
        return said.kind == "type"
    fact = statements.fact(action, ActionKind.DROP_DEFAULT)
    return fact is not None and snapshot.table(fact.table or Name("", "")) is not None


def _in_the_way(swap: _Swap, action: Action) -> bool:
    """Whether what is no part of it may depend on what it does."""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.table is None:
        return True
    return any(
        statements.about(action, table, column)
        for table, column in (*swap.columns, *swap.defaults)
    )


def _same(swap: _Swap, actions: Sequence[Action], column: _Column) -> list[int]:
    """The positions of a column's defaults, where the last one is what it was before."""
    positions = swap.defaults.get(column, [])
    if not positions:
        return []
    table, name = column
    before = swap.snapshot.require_table(table).require_column(name).default
    said = actions[positions[-1]].said
    last = said.expression if isinstance(said, SetDefault) else None
    there = None if before is None else _value(expressions.read(before))
    return positions if (None if last is None else _value(last)) == there else []


def _value(expression: Expression) -> str | None:
    """The constant that it is, whatever it is cast to; None: none."""
    outermost = expressions.form(expression)
    while isinstance(outermost, Cast):
        outermost = expressions.form(outermost.of)
    return outermost.value if isinstance(outermost, Constant) else None


def _enum_of(column: Column, snapshot: Snapshot) -> Type | None:
    """The enum type of the column, or of its array's elements."""
    base = column.type.removesuffix("[]")
    enums_there = (t for t in snapshot.types if t.kind == "enum")
    return next((t for t in enums_there if type_names.str_qualified(t.name) == base), None)


def _by_text(said: ChangeType) -> bool:
    """Whether USING is the column through text, so that each label keeps its text."""
    if said.using is None:
        return False
    outer = expressions.form(said.using)
    inner = expressions.form(outer.of) if isinstance(outer, Cast) else None
    if not isinstance(outer, Cast) or not isinstance(inner, Cast):
        return False
    through = inner.type.words[-1:] in (("text",), ("varchar",))
    return through and expressions.column(inner.of) == said.column


def _columns(enum: Type, snapshot: Snapshot) -> Iterator[_Column]:
    """Columns of the type and of arrays of it; of partitions and heirs with the table above."""
    text = type_names.str_qualified(enum.name)
    for table in snapshot.tables:
        for column in table.columns:
            inherited = family.inherits_column(snapshot, table, column.name)
            if column.type in (text, f"{text}[]") and not inherited:
                yield table.name, column.name


def _named(words: tuple[str, ...], name: Name) -> bool:
    """Whether the words mean the name, by a schema or by the search_path."""
    return words[-1:] == (name.name,) and (len(words) < 2 or words[-2] == name.schema)


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(literal(label).strip() for label in labels)
