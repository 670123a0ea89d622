"""The order of revisions, from their files alone: no code of theirs runs."""

import ast
import io
import tokenize
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from zdm.errors import InputError
from zdm.serialize import input_file


class Script(Struct, frozen=True, kw_only=True):
    """A revision file; `line` is that of its `down_revision`."""

    path: Path
    code: ast.Module
    text: str
    id: str
    needs: tuple[str, ...]
    down: tuple[str, ...]
    labelled: bool
    line: int = 1


def decoded(data: bytes, path: Path) -> str:
    """The text of a revision, in the encoding that its first lines name; else in UTF-8."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding) if encoding not in _UTF8 else None
    except (SyntaxError, UnicodeDecodeError):  # `text_of` names the fault
        text = None
    return input_file.text_of(data if text is None else text.encode(), path)


def read(path: Path, text: str) -> Script:
    """The revision that a file says it is."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        why = getattr(error, "msg", error)
        raise InputError(
            f"{path}:{line}: Python cannot read this revision: {why}",
            hint="run `alembic history` to see the same error, and fix it",
        ) from error
    said = dict(_assigned(tree))
    values = {name: _value(path, name, said[name]) for name in _SAID if name in said}
    if not isinstance(values.get("revision"), str):
        raise InputError(
            f"{path} has no `revision`, so its place in the history is not known",
            hint='write `revision = "…"`, as `alembic revision` does',
        )
    down = _several(values.get("down_revision"))
    return Script(
        path=path,
        code=tree,
        text=text,
        id=values["revision"],
        down=down,
        needs=(*down, *_several(values.get("depends_on"))),
        labelled=bool(values.get("branch_labels")),
        line=said["down_revision"].lineno if "down_revision" in said else 1,
    )


_UTF8 = ("utf-8", "utf-8-sig")
_SAID = ("revision", "down_revision", "depends_on", "branch_labels")


def _assigned(tree: ast.Module) -> Iterable[tuple[str, ast.expr]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def _value(path: Path, name: str, node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{path}:{node.lineno}: the value of `{name}` is not written out, so the order of"
            " the revisions is not known",
            hint="write it as text",
        ) from error


def _several(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def ordered(scripts: Sequence[Script], *, whole: bool) -> tuple[Script, ...]:
    """Each revision after those it needs. `whole`: the files are all there are, so what is
    missing among them is an error."""
    known: dict[str, Script] = {}
    for script in scripts:
        if script.id in known:
            raise InputError(
                f"{known[script.id].path} and {script.path} are both revision `{script.id}`",
                hint="give one of them another id",
            )
        known[script.id] = script
    labels = {id for script in scripts for id in script.needs} - known.keys()
    if whole and labels:
        _missing(scripts, known)
    left, done = dict(known), dict[str, Script]()
    while left:
        ready = [s for s in left.values() if not any(need in left for need in s.needs)]
        if not ready:
            raise InputError(
                f"the revisions {', '.join(sorted(left))} need each other, so they have no"
                " order",
                hint="correct `down_revision` in one of them",
            )
        for script in ready:
            done[script.id] = left.pop(script.id)
    return tuple(done.values())


def _missing(scripts: Sequence[Script], known: dict[str, Script]) -> None:
    for script in scripts:
        for need in script.down:
            if need not in known:
                raise InputError(
                    f"{script.path}:{script.line}: revision `{script.id}` is above `{need}`,"
                    " which no file is, so the schema it meets is not known",
                    hint="name the folder that holds all revisions, or correct `down_revision`",
                )


def heads(scripts: Sequence[Script]) -> tuple[Script, ...]:
    """Revisions that no other one follows, without labelled ones and those above a label."""
    followed = {down for script in scripts for down in script.down}
    return tuple(s for s in scripts if s.id not in followed and not _on_label(s, scripts))


def _on_label(script: Script, scripts: Sequence[Script]) -> bool:
    known = {one.id: one for one in scripts}
    left = [script]
    seen = set[str]()
    while left:
        one = left.pop()
        if one.labelled:
            return True
        seen.add(one.id)
        left += [known[d] for d in one.down if d in known and d not in seen]
    return False
