"""ALTER TYPE … RENAME VALUE: every reader gets another label at once.

It changes the catalog alone and locks no table, but each session, cached plans included, reads
and writes the new label from its commit on (measured 11-18; plans 15): no state of the schema
serves both versions. It is planned for a type that nothing uses yet, and refused for others.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, Phase, Step
from zdm.model.schema import Name, Snapshot
from zdm.model.sql import literal
from zdm.model.statement import Action
from zdm.model.syntax import ChangeEnum
from zdm.parse import emit
from zdm.parse.emit import Constant, Qualified
from zdm.recipes import run_sql
from zdm.recipes.reading import refuse
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.recipes.type import enum_labels
from zdm.schema import enums

SLUG = "rename_enum_value"


class RenameEnumValue(Struct, frozen=True, kw_only=True):
    """Rename a label of a type that no application uses yet."""

    enum: Name
    old: str
    new: str

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"rename {_quoted(self.old)} of {self.enum} to {_quoted(self.new)}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """None: no row has the label."""
        del context
        return ()

    def choice(self, context: Context) -> Choice:
        """Nothing uses the type yet."""
        del context
        return choice.single(
            "change the catalog alone before the rollout",
            because="no application uses the type yet",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step before the rollout."""
        return (
            run_sql.short_transaction(
                Owned(operation=SLUG, origin=context.origin),
                id=f"{self.enum}-{self.old}-rename",
                phase=Phase.EXPAND,
                title=self.title,
                sql=(_sql(self.enum, self.old, self.new),),
                locks=(),
                probe=probes.probe(
                    probes.both(
                        probes.enum_label(self.enum, self.new),
                        probes.absent(probes.enum_label(self.enum, self.old)),
                    )
                ),
                undo=(_sql(self.enum, self.new, self.old),),
                serves=BOTH,
                reason="Catalog only, and no application uses the type yet.",
            ),
        )


def _sql(enum: Name, old: str, new: str) -> str:
    return emit.sql(
        "ALTER TYPE {n} RENAME VALUE {o} TO {l}",
        n=Qualified(enum),
        o=Constant(old),
        l=Constant(new),
    )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER TYPE … RENAME VALUE."""
    action = actions[0]
    said = action.said
    if not isinstance(said, ChangeEnum) or not said.former:
        return None
    problem = enum_labels.problem(said, action, snapshot)
    if problem is not None:
        return refuse.refuse(action, "label_cannot_be_renamed", *problem)
    enum = enums.found(said.words, snapshot, action.statement.settings)
    if enum is None:
        return None
    users = () if enum.created else enums.users(snapshot, enum.name)
    if users:
        return refuse.refuse(
            action,
            "label_in_use",
            f"every session reads and writes {_quoted(said.label)} instead of"
            f" {_quoted(said.former)} as soon as it is renamed, so the old version, which knows"
            f" only the former label, fails from then on ({enum_labels.shown(users)})",
            "add the new label with ADD VALUE, let the new version read both and write the new"
            " one, and UPDATE the rows in a revision that is planned after this train is"
            " contracted; or, if no code of either version names the label, put"
            " `-- zdm: run in expand -- reason` above it",
        )
    operation = RenameEnumValue(enum=enum.name, old=said.former, new=said.label)
    return Match(operation=operation, consumed=(0,))


def _quoted(label: str) -> str:
    return literal(label).strip()
