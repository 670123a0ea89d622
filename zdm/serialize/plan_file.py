"""Plan files: YAML that a person reads in a review and `zdm execute` runs.

The same plan gives the same bytes, whatever made it: keys are in the order of the types,
sets are sorted, what holds its default is left out, SQL is in literal blocks. `digest`
pins the content, so that a plan which was edited after its review is refused instead of
run. Reading is strict: nothing unknown is skipped. YAML aliases, which can blow a small
file up, are refused.
"""

import hashlib
import json
import re
from datetime import timedelta
from typing import Any

import yaml

from zdm.errors import InputError
from zdm.model.plan import FORMAT, EnumLabel, Irreversible, Plan
from zdm.model.schema import Name
from zdm.model.statement import Source
from zdm.serialize import codec, input_file

HEADER = (
    "# made by zdm; review it, check it in, do not edit it: a plan that was changed by hand\n"
    "# is refused (change the migration and run `zdm plan` again).\n"
)
PLAN_AGAIN = "plan again with `zdm plan -o FILE`"

_PLACE = re.compile(
    r"(?P<file>.+):(?P<line>\d{1,9}):(?P<column>\d{1,9})(?: @(?P<revision>\S+))?", re.S
)
_NAME_PART = r'(?:"(?:[^"]|"")*"|[^."]+)'
_NAME = re.compile(rf"(?:(?P<schema>{_NAME_PART})\.)?(?P<name>{_NAME_PART})", re.S)


def _encode_source(value: Source) -> str:
    return f"{value}{f' @{value.revision}' if value.revision else ''}"


def _decode_source(data: Any) -> Source:
    match = _PLACE.fullmatch(data) if isinstance(data, str) else None
    if match is None:
        raise ValueError(
            f"must be a place such as migrations/a.py:12:5, not {codec.words(data)}"
        )
    return Source(
        file=match["file"],
        line=int(match["line"]),
        column=int(match["column"]),
        revision=match["revision"] or "",
    )


def _encode_name(value: Name) -> str:
    parts = [part for part in (value.schema, value.name) if part]
    return ".".join(
        '"' + part.replace('"', '""') + '"' if re.search(r'[."]', part) else part
        for part in parts
    )


def _bare(part: str | None) -> str:
    if part and part.startswith('"'):
        return part[1:-1].replace('""', '"')
    return part or ""


def _decode_name(data: Any) -> Name:
    match = _NAME.fullmatch(data) if isinstance(data, str) else None
    if match is None:
        raise ValueError(f"must be a name such as public.users, not {codec.words(data)}")
    return Name(_bare(match["schema"]), _bare(match["name"]))


def _decode_irreversible(data: Any) -> Irreversible:
    match data:
        case {"irreversible": str(reason)} if len(data) == 1:
            return Irreversible(reason=reason)
        case {"rows stay": str(reason)} if len(data) == 1:
            return Irreversible(reason=reason, rows=True)
        case {"label stays": str(label), "type": kind, "reason": str(reason)} if len(data) == 3:
            found = EnumLabel(type=_decode_name(kind), label=label)
            return Irreversible(reason=reason, label=found)
        case _:
            raise ValueError(
                "must be a list of statements, or `irreversible:` or `rows stay:` with the"
                " reason, or `label stays:` with `type:` and `reason:`"
            )


def _encode_irreversible(value: Irreversible) -> dict[str, str]:
    if value.label is not None:
        return {
            "label stays": value.label.label,
            "type": _encode_name(value.label.type),
            "reason": value.reason,
        }
    return {"rows stay" if value.rows else "irreversible": value.reason}


CODECS: codec.Codecs = {
    timedelta: codec.DURATION,
    Source: codec.Codec(
        encode=_encode_source,
        decode=_decode_source,
        schema={"type": "string", "description": "file:line:column @revision"},
    ),
    Name: codec.Codec(
        encode=_encode_name,
        decode=_decode_name,
        schema={"type": "string", "description": "schema.name"},
    ),
    Irreversible: codec.Codec(
        encode=_encode_irreversible,
        decode=_decode_irreversible,
        schema={
            "type": "object",
            "properties": {
                "irreversible": {"type": "string"},
                "rows stay": {"type": "string"},
                "label stays": {"type": "string"},
                "type": {"type": "string"},
                "reason": {"type": "string"},
            },
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 3,
        },
    ),
}


def to_plain(plan: Plan) -> dict[str, Any]:
    """The file's content: format and digest first."""
    content = codec.to_plain(plan, CODECS)
    content.pop("format", None)
    return {"format": plan.format, "digest": _digest(plan.format, content), **content}


def digest(plan: Plan) -> str:
    """What pins the plan's content, for the journal and for reviews."""
    return str(to_plain(plan)["digest"])


def _digest(version: int, content: dict[str, Any]) -> str:
    text = json.dumps([version, content], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def dumps(plan: Plan) -> str:
    """The plan as a file's text."""
    body = yaml.dump(
        to_plain(plan),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=float("inf"),
    )
    # Items of the top level start in column 0, text inside a block never does.
    return HEADER + re.sub(r"^(?=(?:steps|statements):|- id: )", "\n", body, flags=re.M)


def loads(text: str, file: str) -> Plan:
    """The plan that a file holds; every fault is an InputError with file, line and key."""
    content, lines = _compose(text, file)
    if not isinstance(content, dict):
        raise InputError(f"{file} is not a plan file", hint=PLAN_AGAIN)
    _check_format(content, file)
    claimed = content.pop("digest", None)
    try:
        plan = codec.from_plain(Plan, content, CODECS)
    except codec.MisfitError as error:
        place = f"{file}:{_line(lines, error.path)}"
        raise InputError(
            f"{place}: {error.key or 'the plan'} {error.message}", hint=PLAN_AGAIN
        ) from error
    if claimed != digest(plan):
        raise InputError(
            f"{file} was edited by hand: its digest is not that of its content,"
            " so it is not the plan that was made and reviewed",
            hint=f"undo the edit, or change the migration and {PLAN_AGAIN}",
        )
    return plan


def _check_format(content: dict[str, Any], file: str) -> None:
    if content.get("format") != FORMAT:
        raise InputError(
            f"{file} has plan format {codec.words(content.get('format'))},"
            f" and this zdm reads format {FORMAT}",
            hint=f"{PLAN_AGAIN}, or use the zdm version that made it",
        )


def schema() -> dict[str, Any]:
    """The JSON schema of a plan file."""
    found = codec.json_schema(Plan, CODECS)
    definition = found["$defs"]["Plan"]
    definition["properties"] = {
        "format": {"const": FORMAT},
        "digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        **{key: value for key, value in definition["properties"].items() if key != "format"},
    }
    definition["required"] = ["format", "digest", *definition["required"]]
    return {"title": "zdm plan file", **found}


class _Dumper(yaml.SafeDumper):
    """Literal blocks for every text of several lines that a block can hold."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  the library's signature
        return True

    def analyze_scalar(self, scalar: str) -> Any:
        analysis = super().analyze_scalar(scalar)
        if _fits_block(scalar):  # PyYAML also forbids trailing blanks and tabs, YAML does not
            analysis.allow_block = True
        return analysis


# Printable in YAML 1.1, line breaks other than \n and the byte-order mark excepted.
_BLOCK_TEXT = re.compile(
    "[\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)


def _fits_block(text: str) -> bool:
    return (
        "\n" in text
        and not text.startswith((" ", "\t", "\n"))
        and not text.endswith("\n\n")  # the blank line before the next step would join it
        and _BLOCK_TEXT.fullmatch(text) is not None
    )


def _represent_text(dumper: yaml.SafeDumper, data: str) -> yaml.Node:
    style = None
    if _fits_block(data):
        style = "|"
    elif "\n" in data or not _BLOCK_TEXT.fullmatch(data):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


def _represent_list(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    short = all(isinstance(item, str) and re.fullmatch(r"[\w.]+", item) for item in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=short)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(list, _represent_list)

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # 10 times faster where it is built
_Lines = dict[codec.Path, int]
_DEEPEST = 40  # levels; no plan has half as many
_NUMBER = re.compile(r"-?[0-9]{1,40}")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _compose(text: str, file: str) -> tuple[Any, _Lines]:
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise InputError(
            f"{file}{place} is not YAML: {error.problem}", hint=PLAN_AGAIN
        ) from error
    except yaml.reader.ReaderError as error:
        place = ":{}:{}".format(*input_file.place(text, _unprintable(text)))
        raise InputError(
            f"{file}{place} is not YAML: {error.reason}", hint=PLAN_AGAIN
        ) from error
    except RecursionError as error:
        raise input_file.too_deep().of(file, PLAN_AGAIN) from error
    reader = _Reader(file)
    return (None if node is None else reader.read(node, ())), reader.lines


def _unprintable(text: str) -> int:
    """Where the first character is that YAML does not allow; the C parser counts bytes."""
    found = _UNPRINTABLE.search(text)
    return found.start() if found else 0


class _Reader:
    """Nodes to plain data, keeping the line of every key."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: _Lines = {}
        self._seen: set[int] = set()

    def read(self, node: yaml.Node, path: codec.Path) -> Any:
        """The data of a node; the same node twice is an alias."""
        self.lines.setdefault(path, node.start_mark.line + 1)
        if len(path) > _DEEPEST:
            raise self._unusable(node, "is nested too deeply for a plan")
        if id(node) in self._seen:
            raise self._unusable(node, "holds a YAML alias")
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: codec.Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key, str):
                raise self._unusable(key_node, "has a key that is no text")
            if key in found:
                raise self._unusable(key_node, f"has the key {codec.words(key)} twice")
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            found[key] = self.read(value_node, (*path, key))
        return found

    def _scalar(self, node: yaml.Node) -> Any:
        match node.tag.rpartition(":")[2]:
            case "str":
                return node.value
            case "int" if _NUMBER.fullmatch(node.value):
                return int(node.value)
            case "bool":
                return node.value == "true"
            case "null":
                return None
            case _:
                raise self._unusable(
                    node, f"holds {codec.words(node.value)}, which no plan holds"
                )

    def _unusable(self, node: yaml.Node, message: str) -> InputError:
        mark = node.start_mark
        return InputError(
            f"{self.file}:{mark.line + 1}:{mark.column + 1} {message}", hint=PLAN_AGAIN
        )


def _line(lines: _Lines, path: codec.Path) -> int:
    while path not in lines and path:
        path = path[:-1]
    return lines.get(path, 1)
