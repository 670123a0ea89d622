"""ALTER COLUMN TYPE where PostgreSQL changes the catalog alone."""

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context
from zdm.model.plan import BOTH, Phase, Step
from zdm.model.schema import Name
from zdm.model.sql import ident
from zdm.model.statement import Setting
from zdm.parse import emit, names
from zdm.parse.emit import Ident, Part, Qualified, TypeText
from zdm.recipes import cost, run_sql, site
from zdm.recipes.sql import probes
from zdm.recipes.type import metadata_only
from zdm.schema import type_change


class CatalogType(Struct, frozen=True, kw_only=True):
    """ALTER COLUMN TYPE where it is a change of the catalog alone."""

    slug: str
    table: Name
    column: str
    type: str
    collation: tuple[str, ...] = ()  # as written
    settings: tuple[Setting, ...] = ()

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"change type of {self.table}.{self.column} to {self.type}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Cached statements see another result type; texts may compare in another way."""
        old = context.snapshot.require_table(self.table).require_column(self.column)
        lines = metadata_only.hazards(self.table, old, self.type, context.snapshot)
        if not type_change.keeps_collation(self.collation, old.collation):
            lines = (*lines, metadata_only.sorted_otherwise(self.table, old))
        return tuple(
            Hazard(operation=self.slug, message=m, remedy=r, origin=context.origin)
            for m, r in lines
        )

    def choice(self, context: Context) -> Choice:
        """The catalog alone changes."""
        del context
        return choice.single(
            "ALTER COLUMN … TYPE before the rollout, a change of the catalog alone",
            because="every stored value stays as it is, so no row is read or written",
            name="catalog",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step."""
        table = context.snapshot.require_table(self.table)
        place = site.at(self.slug, table, context, settings=self.settings)
        old = table.require_column(self.column)
        target, name = Qualified(self.table), Ident(self.column)
        collate, collation = _collate(ident(*self.collation))
        back, before = _collate(old.collation or "")
        return (
            run_sql.short_transaction(
                place,
                id=place.id(self.column, "type"),
                phase=Phase.EXPAND,
                title=self.title,
                sql=(
                    emit.sql(
                        f"ALTER TABLE {{t}} ALTER COLUMN {{c}} TYPE {{type}}{collate}",
                        t=target,
                        c=name,
                        type=TypeText(self.type),
                        **collation,
                    ),
                ),
                locks=place.lock(LockMode.ACCESS_EXCLUSIVE),
                settings=self.settings,
                probe=probes.probe(probes.column_type(self.table, self.column, self.type)),
                undo=(
                    emit.sql(
                        f"ALTER TABLE {{t}} ALTER COLUMN {{c}} TYPE {{type}}{back}"
                        " USING CAST({c} AS {type})",
                        t=target,
                        c=name,
                        type=TypeText(old.type),
                        **before,
                    ),
                ),
                serves=BOTH,
                reason="PostgreSQL changes the catalog only; every stored value stays as it"
                " is.",
                cost=cost.NOTHING,
            ),
        )


def _collate(text: str) -> tuple[str, dict[str, Part]]:
    """The clause for a collation's quoted name, and what fills it."""
    if not text:
        return "", {}
    return " COLLATE {collation}", {"collation": Qualified(names.qualified(text))}
