"""A SQL file as Statements: the author's bytes, cut by PostgreSQL's own parser.

Nothing is trimmed or changed but a byte-order mark before the first statement. A file runs
as one transaction unless it says BEGIN and COMMIT itself; a statement that cannot run inside
a transaction is outside of one. Line and column count characters from 1.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zdm.errors import InputError
from zdm.model.statement import Directive, SourceFile, Statement
from zdm.parse import directives, libpg_query, rejected, transactions
from zdm.parse.libpg_query import Parsed
from zdm.parse.places import Places
from zdm.parse.session import CurrentSettings
from zdm.parse.transactions import Kind
from zdm.serialize import input_file

_BOM = b"\xef\xbb\xbf"
# Statements that PostgreSQL refuses in a transaction block, error 25001 (14 to 18).
_OUTSIDE = frozenset(
    {
        "AlterSystemStmt",
        "CreatedbStmt",
        "DropdbStmt",
        "CreateTableSpaceStmt",
        "DropTableSpaceStmt",
        "CreateSubscriptionStmt",
        "DropSubscriptionStmt",
    }
)
_ENDS = frozenset({Kind.COMMIT, Kind.ROLLBACK, Kind.PREPARE})
_WHOLE = frozenset(
    {"REINDEX_OBJECT_SCHEMA", "REINDEX_OBJECT_SYSTEM", "REINDEX_OBJECT_DATABASE"}
)


def source_file(data: bytes, path: str) -> SourceFile:
    """The file, pinned by its hash."""
    return SourceFile(path=path, sha256=hashlib.sha256(data).hexdigest())


def statements(data: bytes, file: str) -> tuple[Statement, ...]:
    """Every Statement of a file; raises InputError with the place of what is wrong."""
    return tuple(statement for statement, _ in parsed(data, file))


def parsed(data: bytes, file: str) -> tuple[tuple[Statement, Parsed], ...]:
    """The same, each with its tree, whose positions count from the start of the file."""
    data = data.removeprefix(_BOM)
    try:
        data.decode()
        found = libpg_query.statements(data)
    except UnicodeDecodeError as error:
        raise input_file.not_utf8(file, data, error) from error
    except libpg_query.NotSqlError as error:
        raise rejected.not_sql(data, file, error) from error
    places = Places.of(data, file)
    statements = _statements(data, places, found, _attached(data, places, found))
    return tuple(zip(statements, found, strict=True))


def _statements(
    data: bytes,
    places: Places,
    parsed: Sequence[Parsed],
    attached: Mapping[int, tuple[Directive, ...]],
) -> Iterator[Statement]:
    session, last = CurrentSettings(), 0
    known, settings, timeouts = session, session.in_force(), session.timeouts()
    for index, (item, transaction) in enumerate(zip(parsed, _numbers(parsed), strict=True)):
        if transaction != last:
            session = session.at_end()
        if session is not known:  # few statements change it
            known, settings, timeouts = session, session.in_force(), session.timeouts()
        yield Statement(
            sql=data[item.start : item.start + item.length].decode(),
            source=places.at(item.start),
            start=item.start,
            length=item.length,
            transaction=transaction,
            settings=settings,
            timeouts=timeouts,
            directives=attached.get(index, ()),
        )
        session = session.after(item)
        last = -1 if transaction is None else transaction


def _attached(
    data: bytes, places: Places, parsed: Sequence[Parsed]
) -> Mapping[int, tuple[Directive, ...]]:
    """Directives by the position of the statement below them."""
    found: dict[int, tuple[Directive, ...]] = {}
    for start, comment, index in directives_of(data, parsed):
        source = places.at(start)
        directive = directives.parse_comment(comment, source)
        if directive is None:
            continue
        if index is None:
            raise InputError(
                f"{source}: this directive is not above a statement, so it has no effect",
                hint="put it on its own line, directly above its statement",
            )
        found[index] = directives.together((*found.get(index, ()), directive))
    return found


def directives_of(
    data: bytes, parsed: Sequence[Parsed]
) -> Iterator[tuple[int, str, int | None]]:
    """Comments that may be directives: where each begins, its text, and the position of the
    statement that it is directly above, if it is."""
    for start, end, comment in directives.comments(data):
        index = next((i for i, p in enumerate(parsed) if p.start + p.length > start), None)
        line = data[data.rfind(b"\n", 0, start) + 1 : start]
        if index is not None and (parsed[index].start < end or line.strip()):
            index = None
        yield start, comment, index


def _numbers(parsed: Sequence[Parsed]) -> Iterator[int | None]:
    """The number of each statement's transaction; None outside of one."""
    number, used = 0, False
    for item in parsed:
        control = transactions.control(item)
        kind = control.kind if control is not None else None
        outside = _outside_transaction(item.node, item.tree)
        if used and (outside or kind is Kind.BEGIN):
            number, used = number + 1, False
        if outside:
            yield None
            continue
        yield number
        number, used = (number + 1, False) if kind in _ENDS else (number, True)


def outside_transaction(sql: str) -> bool:
    """Whether PostgreSQL refuses one of the statements in a transaction block (25001)."""
    parsed = libpg_query.statements(sql.encode())
    return any(_outside_transaction(found.node, found.tree) for found in parsed)


def _outside_transaction(node: str, tree: Mapping[str, Any]) -> bool:
    """Whether PostgreSQL refuses the statement in a transaction block (25001)."""
    match node:
        case "IndexStmt" | "DropStmt":
            return bool(tree.get("concurrent"))
        case "VacuumStmt":
            return bool(tree.get("is_vacuumcmd"))  # else it is ANALYZE
        case "ClusterStmt":
            return "relation" not in tree
        case "DiscardStmt":
            return bool(tree.get("target") == "DISCARD_ALL")
        case "TransactionStmt":
            return str(tree.get("kind", "")).endswith("_PREPARED")
        case "ReindexStmt":
            return tree.get("kind") in _WHOLE or _says_concurrently(tree)
        case "AlterTableStmt":
            return any(_detaches(item["AlterTableCmd"]) for item in tree["cmds"])
    return node in _OUTSIDE


def _says_concurrently(tree: Mapping[str, Any]) -> bool:
    return any(
        item.get("DefElem", {}).get("defname") == "concurrently"
        for item in tree.get("params", [])
    )


def _detaches(command: Mapping[str, Any]) -> bool:
    return bool(command.get("def", {}).get("PartitionCmd", {}).get("concurrent"))
