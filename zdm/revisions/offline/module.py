"""What the code of a revision does while it is loaded, and which `upgrade` it leaves."""

import ast
from collections.abc import Container, Iterator

from zdm.revisions.offline.values import shown

UPGRADE = "upgrade"
# Calls that change neither a database nor what `upgrade` is
_HARMLESS = frozenset({"sys", "warnings", "logging"})
_REBINDS = frozenset({"globals", "vars", "exec", "eval", "setattr"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def upgrade(tree: ast.Module) -> tuple[ast.stmt | None, str]:
    """What makes the function that Alembic calls, and why it is not known."""
    binding = [node for node in tree.body if UPGRADE in _bound(node)][-1:]
    match binding:
        case [ast.FunctionDef(decorator_list=[]) as found]:
            return found, ""
        case [node]:
            return node, f"`{shown(node)}` makes `upgrade`, which is no plain function"
    return None, "there is no `upgrade()`"


def acts(node: ast.stmt, op_names: Container[str]) -> str:
    """Why a statement of the module may change a database; empty where it does not."""
    for part in _executed(node):
        match part:
            case ast.Expr(value=ast.Call() as call) if root(call) not in _HARMLESS:
                return f"`{shown(call)}` runs while the revision is loaded"
            case ast.Call() if root(part) in _REBINDS or root(part) in op_names:
                return f"`{shown(part)}` runs while the revision is loaded"
    return ""


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """The node and its parts, without the bodies of functions."""
    yield node
    for part in ast.iter_child_nodes(node):
        in_body = isinstance(node, _Function) and part in node.body
        if not in_body and not isinstance(node, ast.Lambda):
            yield from _executed(part)


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names to which it gives a value."""
    for part in _executed(node):
        match part:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name


def root(node: ast.expr) -> str:
    """The name with which it begins."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
