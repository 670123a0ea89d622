"""Every remedy that a refusal of a plan can print, read from the source."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import zdm

ROOT = Path(zdm.__file__).parent
PACKAGES = ("operations", "recipes", "planning", "parse", "compat", "schema")
NOT_REFUSALS = ("planning/invariants/",)  # of plans that violate an invariant: bugs of ours
_ERRORS = {"InputError", "RefusedError", "Finding", "StoppedError"}
_REFUSES = {"refuse", "finding"}
_TEXT = (ast.Constant, ast.JoinedStr, ast.BinOp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """Its text, with `{}` for what is known only then, and its place."""

    text: str
    place: str

    def matches(self, printed: str) -> bool:
        """Whether the text that zdm printed is this one, or one part of several."""
        return _pattern(self.text).search(printed) is not None


@cache  # they are more than `re` keeps compiled
def _pattern(text: str) -> re.Pattern[str]:
    parts = (re.escape(part) for part in text.split("{}"))
    pattern = ".*".join(parts).replace("`\\-\\-\\ zdm", "`(?:\\-\\-|\\#)\\ zdm")
    return re.compile(f"(?:^|; ){pattern}(?:$|; )", re.DOTALL)


@cache
def remedies() -> tuple[Remedy, ...]:
    """Those of all packages that refuse plans."""
    found: dict[str, Remedy] = {}
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            if not name.startswith(NOT_REFUSALS):
                for remedy in _of(ast.parse(file.read_text()), name):
                    found.setdefault(remedy.text, remedy)
    return tuple(found.values())


def _of(tree: ast.Module, file: str) -> Iterator[Remedy]:
    known = _constants(tree)
    for node in ast.walk(tree):
        for text in _texts(node):
            words = _said(text, known)
            if words.strip("{} ") and "please report" not in words:
                yield Remedy(text=words, place=f"{file}:{text.lineno}")


@cache
def slugs() -> frozenset[str]:
    """Every kind of refusal, by its name."""
    return frozenset(homes())


@cache
def homes() -> Mapping[str, tuple[str, ...]]:
    """Of every kind of refusal the files that make it."""
    found: dict[str, dict[str, None]] = {}
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            if not name.startswith(NOT_REFUSALS):
                for slug in _slugs(ast.parse(file.read_text())):
                    found.setdefault(slug, {})[name] = None
    return {slug: tuple(files) for slug, files in found.items()}


def _slugs(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        given = node.args[1:2] if name in _REFUSES else []
        if isinstance(node.func, ast.Name) and node.func.id == "Finding":
            given = [k.value for k in node.keywords if k.arg == "slug"]
        for slug in given:
            if isinstance(slug, ast.Constant) and isinstance(slug.value, str):
                yield slug.value


def _constants(tree: ast.Module) -> Mapping[str, ast.expr]:
    return {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _texts(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions that are remedies: of a refusal, of an error, of a pair of both."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        if name in _REFUSES and len(node.args) == 4:
            yield node.args[3]
        if name in _ERRORS:
            yield from (k.value for k in node.keywords if k.arg in ("hint", "remedy"))
    value = node.value if isinstance(node, ast.Return | ast.Yield) else None
    value = node.elt if isinstance(node, ast.GeneratorExp | ast.ListComp) else value
    for item in node.values if isinstance(node, ast.Dict) else (value,):
        pair = item.elts if isinstance(item, ast.Tuple) else []
        if len(pair) == 2 and isinstance(pair[0], ast.JoinedStr | ast.Constant | ast.BinOp):
            yield pair[1]


def _said(node: ast.expr, known: Mapping[str, ast.expr]) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_said(value, known) for value in values)
        case ast.FormattedValue(value=value):
            return _said(value, known)
        case ast.Name(id=name) if name in known:
            return _said(known[name], known)
        case ast.Call(func=ast.Name(id="in_its_form"), args=[text, *_]):
            return _said(text, known)
        case ast.BinOp(left=left, right=right):
            return _said(left, known) + _said(right, known)
    return "{}"
