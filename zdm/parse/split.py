"""A SQL file as Statements: the author's bytes, cut by PostgreSQL's own parser.

Nothing is trimmed or changed but a byte-order mark before the first statement. A file runs
as one transaction unless it says BEGIN and COMMIT itself; a statement that cannot run inside
a transaction stands outside. Line and column count characters from 1.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from zdm.errors import InputError
from zdm.model.statement import Directive, Setting, Source, SourceFile, Statement
from zdm.parse import directives, libpg_query, trees
from zdm.parse.libpg_query import Parsed

_BOM = b"\xef\xbb\xbf"
_META = re.compile(rb"^[ \t]*(\\[a-zA-Z!?]+)", re.MULTILINE)
_VARIABLE = re.compile(rb"(?<!:):['\"]\w+['\"]")
# Settings that change what a later statement means; others (timeouts …) do not.
MEANINGFUL = {
    "search_path": "search_path",
    "role": "role",
    "timezone": "TimeZone",
    "datestyle": "DateStyle",
    "intervalstyle": "IntervalStyle",
    "standard_conforming_strings": "standard_conforming_strings",
    "check_function_bodies": "check_function_bodies",
}
_OUTSIDE = frozenset({"VacuumStmt", "AlterSystemStmt", "CreatedbStmt", "DropdbStmt"})


def source_file(data: bytes, path: str) -> SourceFile:
    """The file, pinned by its hash."""
    return SourceFile(path=path, sha256=hashlib.sha256(data).hexdigest())


def pieces(sql: str) -> tuple[tuple[int, int], ...]:
    """(start, length) in bytes of each statement in one text; raises NotSqlError."""
    return tuple((item.start, item.length) for item in libpg_query.statements(sql.encode()))


def place(text: str, offset: int, file: str, revision: str = "") -> Source:
    """Line and column of a character offset."""
    before = text[:offset]
    return Source(
        file=file,
        line=before.count("\n") + 1,
        column=offset - (before.rfind("\n") + 1) + 1,
        revision=revision,
    )


def statements(data: bytes, file: str) -> tuple[Statement, ...]:
    """Every Statement of a file; raises InputError with the place of what is wrong."""
    data = data.removeprefix(_BOM)
    text = _decoded(data, file)
    try:
        parsed = libpg_query.statements(data)
    except libpg_query.NotSqlError as error:
        raise _rejected(data, text, file, error) from error
    return _numbered(data, file, parsed, _attached(data, file, parsed))


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            f"{file}:{line}: byte {error.start} is not UTF-8, so the file cannot be read",
            hint="save the file as UTF-8",
        ) from error


def _rejected(data: bytes, text: str, file: str, error: libpg_query.NotSqlError) -> InputError:
    for pattern, what, hint in (
        (
            _META,
            "the psql command",
            "zdm sends SQL only: take it out, or write what it does in SQL",
        ),
        (_VARIABLE, "the psql variable", "write the value, or use a setting"),
    ):
        if found := pattern.search(data):
            offset = len(data[: found.start()].decode())
            word = found.group(0).decode().strip()
            return InputError(
                f"{place(text, offset, file)}: {what} `{word}` is not SQL", hint=hint
            )
    source = place(text, error.offset, file)
    line = text.splitlines()[source.line - 1].strip() if text.strip() else ""
    if re.search(r"\bcopy\b.+\bfrom\s+stdin\b", text[: error.offset + 1], re.I | re.S):
        return InputError(
            f"{source}: the data of a COPY FROM stdin is in the file, and only psql reads that",
            hint="write the rows as INSERT, or load them in a step of your own",
        )
    return InputError(
        f"{source}: PostgreSQL cannot read this: {error.message} (in `{line}`)",
        hint="run the file with psql to see the same error, and mend it",
    )


def _attached(
    data: bytes, file: str, parsed: Sequence[Parsed]
) -> Mapping[int, tuple[Directive, ...]]:
    """Directives by the position of the statement that they stand above."""
    found: dict[int, tuple[Directive, ...]] = {}
    text = data.decode()
    for start, end, comment in directives.comments(data):
        source = place(text, len(data[:start].decode()), file)
        directive = directives.parse_comment(comment, source)
        if directive is None:
            continue
        index = next(
            (i for i, item in enumerate(parsed) if item.start + item.length > end), None
        )
        if index is None:
            raise InputError(
                f"{source}: this directive stands above no statement, so it says nothing",
                hint="put it directly above the statement it is meant for",
            )
        found[index] = (*found.get(index, ()), directive)
    return found


def outside_transaction(node: str, tree: Mapping[str, Any]) -> bool:
    """Whether PostgreSQL refuses the statement in a transaction block (25001)."""
    if node in _OUTSIDE or tree.get("concurrent"):
        return True
    if node == "ReindexStmt":
        return any(
            item.get("DefElem", {}).get("defname") == "concurrently"
            for item in tree.get("params", [])
        )
    return any(
        key == "PartitionCmd" and bool(item.get("concurrent"))
        for key, item in trees.walk({node: tree})
    )


def _numbered(
    data: bytes,
    file: str,
    parsed: Sequence[Parsed],
    attached: Mapping[int, tuple[Directive, ...]],
) -> tuple[Statement, ...]:
    text = data.decode()
    found: list[Statement] = []
    transaction = 0
    settings: tuple[Setting, ...] = ()
    for index, item in enumerate(parsed):
        outside = outside_transaction(item.node, item.tree)
        if outside and found:
            transaction += 1
        found.append(
            Statement(
                sql=data[item.start : item.start + item.length].decode(),
                source=place(text, len(data[: item.start].decode()), file),
                start=item.start,
                length=item.length,
                transaction=None if outside else transaction,
                settings=settings,
                directives=attached.get(index, ()),
            )
        )
        if outside or _ends_transaction(item):
            transaction += 1
        settings = _after(settings, item)
    return tuple(found)


def _ends_transaction(item: Parsed) -> bool:
    kind = item.tree.get("kind", "")
    return item.node == "TransactionStmt" and kind in (
        "TRANS_STMT_COMMIT",
        "TRANS_STMT_ROLLBACK",
    )


def _after(settings: tuple[Setting, ...], item: Parsed) -> tuple[Setting, ...]:
    """The settings in force after a SET; a transaction's end drops no plain SET."""
    if item.node != "VariableSetStmt":
        return settings
    name = MEANINGFUL.get(str(item.tree.get("name", "")).lower())
    if name is None:
        return settings
    kept = tuple(setting for setting in settings if setting.name != name)
    if item.tree.get("kind") != "VAR_SET_VALUE":
        return kept
    values = [_constant(value) for value in item.tree.get("args", [])]
    return tuple(
        sorted((*kept, Setting(name=name, value=", ".join(values))), key=lambda s: s.name)
    )


def _constant(node: Mapping[str, Any]) -> str:
    constant = node.get("A_Const", {})
    for key in ("sval", "ival", "fval", "boolval"):
        if key in constant:
            return str(next(iter(constant[key].values()), ""))
    return ""
