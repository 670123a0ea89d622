"""Sub-commands of ALTER TABLE and statements about whole relations, as values."""

import pytest

from tests.unit import schemas
from zdm.model.commands import (
    AlterDomain,
    AlterRelation,
    AlterSequence,
    AlterTable,
    Change,
    NoRelation,
    SetSchema,
    Work,
    WorkOn,
)
from zdm.model.expression import Feature
from zdm.model.syntax import PartitionBound, RelationName, SequenceOptions


def said(sql: str) -> object:
    (action,) = schemas.actions(sql)
    return action.said


def named(name: str, *, only: bool = False) -> RelationName:
    return RelationName(schema="", name=name, only=only)


@pytest.mark.parametrize(
    ("clause", "change"),
    [
        ("ALTER a SET STATISTICS 5", AlterTable(change=Change.SET_STATISTICS, name="a")),
        ("ALTER a RESET (n_distinct)",
         AlterTable(change=Change.SET_COLUMN_OPTIONS, name="a", options=("n_distinct",))),
        ("SET (fillfactor = 70, user_catalog_table)",
         AlterTable(change=Change.SET_OPTIONS, options=("fillfactor", "user_catalog_table"))),
        ("NO FORCE ROW LEVEL SECURITY", AlterTable(change=Change.ROW_SECURITY)),
        ("ENABLE ALWAYS TRIGGER g", AlterTable(change=Change.TRIGGER, name="g", fires="A")),
        ("REPLICA IDENTITY USING INDEX i",
         AlterTable(change=Change.REPLICA_IDENTITY, name="i", identity="index")),
        ("INHERIT p", AlterTable(change=Change.INHERIT, other=named("p"))),
        ("OF k", AlterTable(change=Change.OF_TYPE, other=named("k"))),
        ("ATTACH PARTITION p DEFAULT",
         AlterTable(change=Change.ATTACH_PARTITION, other=named("p"),
                    bound=PartitionBound(kind="default"))),
        ("DETACH PARTITION p CONCURRENTLY",
         AlterTable(change=Change.DETACH_PARTITION, other=named("p"), concurrently=True)),
        ("DETACH PARTITION p FINALIZE",
         AlterTable(change=Change.FINALIZE_DETACH, other=named("p"))),
        ("ALTER CONSTRAINT c ENFORCED",
         AlterTable(change=Change.ALTER_CONSTRAINT, name="c", options=("enforcement",),
                    enforced=True)),
        ("ALTER CONSTRAINT c DEFERRABLE",
         AlterTable(change=Change.ALTER_CONSTRAINT, name="c", options=("deferrability",))),
    ],
)  # fmt: skip
def test_a_sub_command_of_alter_table(clause: str, change: AlterTable) -> None:
    assert said(f"ALTER TABLE t {clause}") == change


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("ALTER VIEW v ALTER a DROP DEFAULT",
         AlterRelation(kind="view", relation=named("v"),
                       changes=(AlterTable(change=Change.OTHER, name="a"),))),
        ("LOCK TABLE t, ONLY u IN SHARE ROW EXCLUSIVE MODE",
         WorkOn(work=Work.LOCK, relations=(named("t"), named("u", only=True)),
                mode="SHARE ROW EXCLUSIVE")),
        ("TRUNCATE t RESTART IDENTITY CASCADE",
         WorkOn(work=Work.TRUNCATE, relations=(named("t"),), restart=True, cascade=True)),
        ("VACUUM (FULL, ANALYZE) t", WorkOn(work=Work.VACUUM_FULL, relations=(named("t"),))),
        ("VACUUM (FULL false) t", WorkOn(work=Work.VACUUM, relations=(named("t"),))),
        ("ANALYZE t (a)", WorkOn(work=Work.ANALYZE, relations=(named("t"),))),
        ("CLUSTER", WorkOn(work=Work.CLUSTER)),
        ("REINDEX (CONCURRENTLY) INDEX i",
         WorkOn(work=Work.REINDEX_INDEX, relations=(named("i"),), concurrently=True)),
        ("REINDEX SCHEMA s", WorkOn(work=Work.REINDEX_SCHEMA, name="s")),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY m",
         WorkOn(work=Work.REFRESH, relations=(named("m"),), concurrently=True)),
        ("DELETE FROM t USING u",
         WorkOn(work=Work.DELETE, relations=(named("t"),), reads=(named("u"),), plain=False)),
        ("DELETE FROM t",
         WorkOn(work=Work.DELETE, relations=(named("t"),), all_rows=True)),
        ("COPY t FROM STDIN", WorkOn(work=Work.COPY_IN, relations=(named("t"),))),
        ("COPY (SELECT FROM t) TO STDOUT", WorkOn(work=Work.COPY_OUT, reads=(named("t"),))),
        ("CREATE PUBLICATION p FOR TABLE t, u",
         WorkOn(work=Work.PUBLICATION, relations=(named("t"), named("u")),
                publishes_changes=True)),
        ("GRANT SELECT ON ALL TABLES IN SCHEMA s TO r",
         WorkOn(work=Work.GRANT_IN_SCHEMA, name="s")),
        ("GRANT USAGE ON SCHEMA s TO r", NoRelation(statement="GRANT")),
        ("CREATE DATABASE d",
         NoRelation(statement="CREATE DATABASE", outside_transaction=True)),
        ("DISCARD ALL", NoRelation(statement="DISCARD", outside_transaction=True)),
        ("ALTER TABLE t SET SCHEMA s",
         SetSchema(relation=named("t"), kind="table", words=("t",), schema="s")),
        ("ALTER SEQUENCE s OWNED BY t.a",
         AlterSequence(sequence=named("s"), owner=("t", "a"))),
        ("ALTER SEQUENCE s OWNED BY NONE", AlterSequence(sequence=named("s"), disowns=True)),
        ("ALTER SEQUENCE IF EXISTS s AS integer INCREMENT -7 NO MINVALUE MAXVALUE 9999999999"
         " START 0 CACHE 4 NO CYCLE",
         AlterSequence(sequence=named("s"), if_exists=True, options=SequenceOptions(
             type="integer", increment=-7, maximum=9999999999, start=0, cache=4, cycle=False,
             without=frozenset({"minimum"})))),
        ("ALTER DOMAIN d ADD CHECK (VALUE > 0)", AlterDomain(words=("d",), checks=True)),
        ("ALTER DOMAIN d ADD CHECK (VALUE > 0) NOT VALID",
         AlterDomain(words=("d",), checks=False)),
        ("ALTER DOMAIN d VALIDATE CONSTRAINT c", AlterDomain(words=("d",), checks=True)),
        ("ALTER DOMAIN d DROP NOT NULL", AlterDomain(words=("d",), checks=False)),
    ],
)  # fmt: skip
def test_a_statement_about_a_relation(sql: str, value: object) -> None:
    assert said(sql) == value


def test_what_a_delete_selects_by() -> None:
    read = said("DELETE FROM t WHERE a IN (SELECT 1)")

    assert isinstance(read, WorkOn)
    assert read.plain
    assert read.where is not None
    assert Feature.SUBQUERY in read.features
