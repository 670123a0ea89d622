"""A statement that zdm does not know is named by its SQL words, never by the parser's."""

import importlib
import re
from pathlib import Path

import pytest

from tests.unit import schemas
from zdm.model.statement import Unknown
from zdm.parse import libpg_query
from zdm.parse.readers import command_names, tree_facts
from zdm.planning import classify

SAMPLES = (Path(__file__).parent / "statements.sql").read_text().splitlines()
PARTS = frozenset(  # of a statement, never one by themselves
    {"RawStmt", "SetOperationStmt", "ReturnStmt", "PLAssignStmt", "ReplicaIdentityStmt"}
)
NODE = importlib.import_module("postgast.pg_query_pb2").Node.DESCRIPTOR  # its stub is broken


def parsed(sql: str) -> libpg_query.Parsed:
    (found,) = libpg_query.statements(sql.encode())
    return found


def test_each_statement_of_the_grammar_has_a_sample() -> None:
    (kinds,) = NODE.oneofs
    names = {field.message_type.name for field in kinds.fields}
    statements = {name for name in names if name.endswith("Stmt")} - PARTS

    assert statements == {parsed(sql).node for sql in SAMPLES}


@pytest.mark.parametrize("sql", SAMPLES)
def test_no_message_holds_a_name_of_the_parser(sql: str) -> None:
    found = classify.classify(schemas.train(sql), schemas.snapshot(schemas.users()))
    said = [f"{one.message} {one.remedy}" for one in found.findings]

    assert re.findall(r"\w+Stmt\b|\b(?:AT|OBJECT|CONSTR)_\w+", " ".join(said)) == []


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("DROP CAST (text AS int)", "drop cast"),
        ("ALTER MATERIALIZED\n VIEW m SET (fillfactor = 70)", "alter materialized view"),
        ("DROP EVENT TRIGGER e", "drop event trigger"),
        ("DROP FOREIGN DATA WRAPPER f", "drop foreign data wrapper"),
        ("DROP FOREIGN TABLE f", "drop foreign table"),
        ("DROP TEXT SEARCH CONFIGURATION c", "drop text search configuration"),
        ("ALTER INDEX i SET (fillfactor = 70)", "alter index"),
    ],
)
def test_a_statement_that_has_no_plan_is_named_by_its_first_words(sql: str, words: str) -> None:
    found = classify.classify(schemas.train(f"{sql};"), schemas.snapshot(schemas.users()))

    assert f"no safe plan for this statement yet ({words})" in found.refused[0].message


@pytest.mark.parametrize("sql", SAMPLES)
def test_a_statement_without_a_fact_is_named_by_its_first_words(sql: str) -> None:
    found = parsed(sql)
    ((_, _, fact), *_) = tree_facts.commands(found.node, found.tree, ("public",))
    if not isinstance(fact, Unknown) or not fact.reason.startswith("zdm does not know"):
        return
    words = command_names.of(found.node, found.tree).split(" … ")
    start, rest = words[0], words[1:]

    assert sql.startswith(start)
    assert all(part.split()[0] in sql for part in rest)
