"""The session settings in force at each statement of a file, as far as they change meaning.

SET holds to the end of the session, SET LOCAL to the end of its transaction; RESET ALL leaves
the role alone (manual, SET and RESET). Values are written as SHOW prints them. A SET of what
is in neither table here is Unknown: its effect on the statements below is unknown.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from zdm.model.sql import ident
from zdm.model.statement import Setting
from zdm.parse import trees
from zdm.parse.libpg_query import Parsed

# Settings that change what a later statement means, by their names in lower case.
MEANINGFUL = {
    name.lower(): name
    for name in (
        "search_path",
        "role",
        "session_authorization",
        "session_replication_role",
        "TimeZone",
        "DateStyle",
        "IntervalStyle",
        "standard_conforming_strings",
        "check_function_bodies",
        "default_tablespace",
        "default_table_access_method",
        "transform_null_equals",
        "xmloption",
    )
}
# Settings that change how long, how loud or how fast, but not what.
_HARMLESS = (
    "lock_timeout statement_timeout transaction_timeout idle_session_timeout deadlock_timeout"
    " idle_in_transaction_session_timeout client_min_messages log_min_messages log_statement"
    " log_min_duration_statement application_name synchronous_commit escape_string_warning"
    " work_mem maintenance_work_mem max_parallel_maintenance_workers row_security jit"
    " max_parallel_workers_per_gather extra_float_digits bytea_output transaction"
)
HARMLESS = frozenset(_HARMLESS.split())
_KEPT_BY_RESET_ALL = frozenset({"role", "session_authorization"})
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One SET: the value is None where it goes back to the default."""

    name: str  # in lower case; empty for RESET ALL
    value: str | None
    local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentSettings:
    """What has been SET so far; `local` lasts to the end of the transaction."""

    lasting: Mapping[str, str] = field(default_factory=dict)
    local: Mapping[str, str | None] = field(default_factory=dict)

    def in_force(self) -> tuple[Setting, ...]:
        """The settings that change meaning, by name."""
        values = {**self.lasting, **self.local}
        return tuple(
            Setting(name=MEANINGFUL[name], value=value)
            for name, value in sorted(values.items())
            if value is not None
        )

    def after(self, item: Parsed) -> "CurrentSettings":
        """The session when the statement has run."""
        change = read(item.node, item.tree)
        if change is None:
            return self
        if not change.name:
            kept = _KEPT_BY_RESET_ALL
            return CurrentSettings(lasting={k: v for k, v in self.lasting.items() if k in kept})
        if change.name not in MEANINGFUL:
            return self
        if change.local:
            return replace(self, local={**self.local, change.name: change.value})
        others = {k: v for k, v in self.lasting.items() if k != change.name}
        value = {} if change.value is None else {change.name: change.value}
        local = {k: v for k, v in self.local.items() if k != change.name}
        return CurrentSettings(lasting={**others, **value}, local=local)

    def at_end(self) -> "CurrentSettings":
        """The session when the transaction has ended."""
        return replace(self, local={})


def read(node: str, tree: Mapping[str, Any]) -> Change | None:
    """What a SET, a RESET or a bare `SELECT set_config(…)` of constants changes."""
    if node == "SelectStmt":
        return _set_config(tree)
    if node != "VariableSetStmt":
        return None
    name = str(tree.get("name", "")).lower()
    if tree.get("kind") != "VAR_SET_VALUE":
        return Change(name=name, value=None, local=bool(tree.get("is_local")))
    values = [constant(value) for value in tree.get("args", [])]
    if None in values:
        return None
    words = [value or "" for value in values]
    if name == "search_path":
        words = [word if _PLAIN.fullmatch(word) else ident(word) or '""' for word in words]
    return Change(name=name, value=", ".join(words), local=bool(tree.get("is_local")))


def _set_config(tree: Mapping[str, Any]) -> Change | None:
    targets = tree.get("targetList", [])
    call = targets[0]["ResTarget"]["val"].get("FuncCall") if len(targets) == 1 else None
    if not call or trees.strings(call.get("funcname"))[-1:] != ("set_config",):
        return None
    values = [constant(argument) for argument in call.get("args", [])]
    if len(values) != 3 or None in values or set(trees.strip(tree)) - _BARE:
        return None
    name, value, local = (item or "" for item in values)
    return Change(name=name.lower(), value=value, local=local in {"on", "t", "true"})


_BARE = {"targetList", "limitOption", "op"}


def constant(node: Mapping[str, Any]) -> str | None:
    """A constant as text, None for what is no constant; a boolean is on or off."""
    found = node.get("A_Const", {})
    if "boolval" in found:
        return "on" if found["boolval"].get("boolval") else "off"
    for key, empty in (("sval", ""), ("ival", "0"), ("fval", "0")):
        if key in found:
            return str(found[key].get(key, empty))
    return None
