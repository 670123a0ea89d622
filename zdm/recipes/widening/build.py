"""What is on the columns, built on the wider ones under names of zdm's own, before the switch.

A foreign key may refer to columns with a unique index that is no constraint; where that index
becomes the primary key's, the foreign key stays valid and is not checked again (measured 14,
18). A second unique index on the narrow key is built as well: the switch drops the primary key
with its index, and the way back makes this one the primary key.
"""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, Phase, RunSql
from zdm.model.schema import Constraint, Index
from zdm.model.sql import zdm_name
from zdm.parse import emit, rewrite
from zdm.parse.emit import Ident, Qualified
from zdm.recipes import run_sql
from zdm.recipes.column import dual_write
from zdm.recipes.constraint import not_null
from zdm.recipes.index import build
from zdm.recipes.index.build import NewIndex
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.recipes.widening.group import Group, Link, Wide, beside


def steps(group: Group) -> tuple[RunSql, ...]:
    """All of it; unique indexes before the foreign keys that refer to their columns."""
    return (
        *(step for wide in group.tables for step in _of_table(wide)),
        *(step for link in group.links for step in _of_link(link)),
    )


def way_back(key: Constraint) -> str:
    """The name of the second index of a primary key."""
    return zdm_name("back", key.name)


def _of_table(wide: Wide) -> Iterator[RunSql]:
    for index in wide.indexes:
        yield _index(wide, index)
        if index.constraint is not None and index.constraint != _name(wide.key):
            yield _unique(wide, index.constraint)
    if wide.key is not None:
        yield _second(wide, wide.key)
    for check in wide.constraints("check"):
        yield _check(wide, check)
        if check.validated:
            yield not_null.validate(wide.site, beside(check.name))
    gathered = tuple(w.beside for w in wide.columns if w.column.statistics != 0)
    if gathered:
        yield dual_write.analyze_all(wide.site, gathered)


def _name(key: Constraint | None) -> str:
    return "" if key is None else key.name


def _index(wide: Wide, index: Index) -> RunSql:
    new = NewIndex(
        name=beside(index.name),
        sql=_renamed_index(index, wide.names, beside(index.name)),
        columns=tuple(wide.names.get(column, column) for column in index.columns),
        unique=index.unique,
    )
    return build.build(wide.site, new, phase=Phase.VALIDATE)


def _renamed_index(index: Index, names: Mapping[str, str], name: str) -> str:
    sql = index.definition
    for old, new in names.items():
        sql = rewrite.index(sql, old, new, name=name)
    return sql


def _second(wide: Wide, key: Constraint) -> RunSql:
    index = next(i for i in wide.table.indexes if i.constraint == key.name)
    name = way_back(key)
    new = NewIndex(
        name=name,
        sql=rewrite.index(index.definition, "", "", name=name),
        columns=index.columns,
        unique=True,
    )
    step = build.build(wide.site, new, phase=Phase.VALIDATE)
    return replace(
        step,
        reason="The switch drops the primary key with its index; with this one the way back"
        f" takes milliseconds. {step.reason}",
    )


def _unique(wide: Wide, name: str) -> RunSql:
    """UNIQUE USING INDEX: instant, for the index is there."""
    site, constraint = wide.site, wide.table.constraint(name)
    definition = constraint.definition if constraint is not None else ""
    t, k = Qualified(site.name), Ident(beside(name))
    return run_sql.short_transaction(
        site,
        id=site.id(beside(name), "constraint"),
        phase=Phase.VALIDATE,
        title=f"make index {beside(name)} a UNIQUE constraint of {site.name}",
        sql=(
            emit.sql(
                "ALTER TABLE {t} ADD CONSTRAINT {k} UNIQUE USING INDEX {k}"
                + deferrable(definition),
                t=t,
                k=k,
            ),
        ),
        locks=site.lock_to_add(LockMode.ACCESS_EXCLUSIVE),
        probe=probes.probe(probes.constraint(site.name, beside(name))),
        undo=(emit.sql("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {k}", t=t, k=k),),
        serves=BOTH,
        reason="The index is built and valid, so the constraint takes milliseconds.",
    )


def deferrable(definition: str) -> str:
    """What of a key's definition ADD CONSTRAINT … USING INDEX has to repeat."""
    words = ("DEFERRABLE", "INITIALLY DEFERRED")
    return "".join(f" {word}" for word in words if f" {word}" in definition)


def _check(wide: Wide, check: Constraint) -> RunSql:
    site, name = wide.site, beside(check.name)
    text = check.definition
    for old, new in wide.names.items():
        text = rewrite.constraint_text(text, site.name, old, new)
    return run_sql.short_transaction(
        site,
        id=site.id(name, "add"),
        phase=Phase.VALIDATE,
        title=f"add check {check.name} to the {wide.words[0]} columns of {site.name}, too",
        sql=(rewrite.constraint(text, site.name, "", "", name=name),),
        locks=site.lock_to_add(LockMode.ACCESS_EXCLUSIVE),
        probe=probes.probe(probes.constraint(site.name, name)),
        undo=(_drop(site, name),),
        serves=BOTH,
        reason="NOT VALID needs no scan; both columns hold the same value.",
    )


def _of_link(link: Link) -> Iterator[RunSql]:
    site, key = link.site, link.key
    mode = LockMode.SHARE_ROW_EXCLUSIVE
    yield run_sql.foreign_key_change(
        site,
        id=site.id(link.beside, "add"),
        phase=Phase.VALIDATE,
        title=f"add foreign key {key.name} of {site.name} to the {link.word} columns, too",
        sql=(foreign_key(link, link.beside),),
        locks=tuple(sorted({*link.locks(mode, mode), *site.lock_to_add(mode)})),
        probe=probes.probe(probes.constraint(site.name, link.beside)),
        undo=(_drop(site, link.beside),),
        serves=BOTH,
        reason="NOT VALID needs no scan; both columns hold the same value.",
    )
    if key.validated:
        yield _validate(link)


def foreign_key(link: Link, name: str) -> str:
    """ADD CONSTRAINT … NOT VALID of the foreign key with the wider columns."""
    return rewrite.foreign_key(
        link.key.definition, link.site.name, link.own, link.referenced, name=name
    )


def _validate(link: Link) -> RunSql:
    """Undone after the switch, which leaves the key on the narrow columns NOT VALID."""
    step = not_null.validate(link.site, link.beside)
    again = emit.sql(
        "ALTER TABLE {t} VALIDATE CONSTRAINT {k}",
        t=Qualified(link.site.name),
        k=Ident(link.key.name),
    )
    modes = (LockMode.SHARE_UPDATE_EXCLUSIVE, LockMode.ROW_SHARE)
    return replace(step, locks=link.locks(*modes), undo=(again,) if link.moves else step.undo)


def _drop(site: Site, name: str) -> str:
    return emit.sql(
        "ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {k}", t=Qualified(site.name), k=Ident(name)
    )
