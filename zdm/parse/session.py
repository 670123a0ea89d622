"""The session settings in force at each statement of a file: what changes its meaning, and
what ends it.

SET holds to the end of the session, SET LOCAL to the end of its transaction, and a rollback
undoes what was set since; RESET ALL leaves the role alone (manual, SET and RESET). Values
are written as SHOW prints them. A SET of what is in no table here is Unknown: its effect on
the statements below is unknown.
"""

import functools
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from zdm.model.sql import ident
from zdm.model.statement import Action, ActionKind, Fact, Setting, Timeouts
from zdm.parse import transactions, trees
from zdm.parse.libpg_query import Parsed
from zdm.parse.transactions import Control, Kind

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
# Settings that end a statement, by the fields of Timeouts.
TIMEOUTS = {
    "lock_timeout": "lock",
    "statement_timeout": "statement",
    "transaction_timeout": "transaction",
    "idle_in_transaction_session_timeout": "idle_in_transaction",
}
# Settings that change how long, how loud or how fast, but not what.
_HARMLESS = (
    "idle_session_timeout deadlock_timeout client_min_messages log_min_messages log_statement"
    " log_min_duration_statement application_name synchronous_commit escape_string_warning"
    " work_mem maintenance_work_mem max_parallel_maintenance_workers row_security jit"
    " max_parallel_workers_per_gather extra_float_digits bytea_output transaction"
)
HARMLESS = frozenset(_HARMLESS.split()) | TIMEOUTS.keys()
_KEPT_BY_RESET_ALL = frozenset({"role", "session_authorization"})
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
_DURATION = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(us|ms|s|min|h|d)?\s*")
_MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000}
_MILLISECONDS |= {"d": 86_400_000}


class Change(Struct, frozen=True, kw_only=True):
    """One SET: the value is None where it goes back to the default."""

    name: str  # in lower case; empty for RESET ALL
    value: str | None
    local: bool = False


class Values(Struct, frozen=True, kw_only=True):
    """What has been SET so far; `local` lasts to the end of the transaction."""

    lasting: Mapping[str, str] = field(default_factory=dict)
    local: Mapping[str, str | None] = field(default_factory=dict)

    def changed(self, change: Change) -> "Values":
        """The values when the SET or RESET has run."""
        if not change.name:
            kept = _KEPT_BY_RESET_ALL
            return Values(lasting={k: v for k, v in self.lasting.items() if k in kept})
        if change.name not in MEANINGFUL and change.name not in TIMEOUTS:
            return self
        if change.local:
            return replace(self, local={**self.local, change.name: change.value})
        others = {k: v for k, v in self.lasting.items() if k != change.name}
        value = {} if change.value is None else {change.name: change.value}
        local = {k: v for k, v in self.local.items() if k != change.name}
        return Values(lasting={**others, **value}, local=local)


class CurrentSettings(Struct, frozen=True, kw_only=True):
    """The values now, at the start of the transaction, and at each of its savepoints."""

    now: Values = Values()
    start: Values = Values()
    savepoints: tuple[tuple[str, Values], ...] = ()

    def in_force(self) -> tuple[Setting, ...]:
        """The settings that change meaning, by name."""
        return tuple(
            Setting(name=MEANINGFUL[name], value=value)
            for name, value in self._values()
            if name in MEANINGFUL
        )

    def timeouts(self) -> Timeouts:
        """The timeouts that the migration has set."""
        return timeouts(dict(self._values()))

    def _values(self) -> list[tuple[str, str]]:
        values = {**self.now.lasting, **self.now.local}
        return [(name, value) for name, value in sorted(values.items()) if value is not None]

    def after(self, item: Parsed) -> "CurrentSettings":
        """The session when the statement has run."""
        control = transactions.control(item)
        if control is not None:
            return self._controlled(control)
        if item.node == "DiscardStmt" and item.tree.get("target") == "DISCARD_ALL":
            return CurrentSettings()
        change = read(item.node, item.tree)
        return self if change is None else replace(self, now=self.now.changed(change))

    def _controlled(self, control: Control) -> "CurrentSettings":
        names = [name for name, _ in self.savepoints]
        match control.kind:
            case Kind.ROLLBACK:
                return CurrentSettings(now=self.start, start=self.start)
            case Kind.SAVEPOINT:
                saved = (control.savepoint, self.now)
                return replace(self, savepoints=(*self.savepoints, saved))
            case Kind.ROLLBACK_TO | Kind.RELEASE if control.savepoint in names:
                at = len(names) - 1 - names[::-1].index(control.savepoint)
                if control.kind is Kind.RELEASE:
                    return replace(self, savepoints=self.savepoints[:at])
                return replace(
                    self, now=self.savepoints[at][1], savepoints=self.savepoints[: at + 1]
                )
        return self

    def at_end(self) -> "CurrentSettings":
        """The session when the transaction has ended."""
        left = replace(self.now, local={})
        return CurrentSettings(now=left, start=left)


def timeouts(values: Mapping[str, str]) -> Timeouts:
    """The timeouts among the values of settings, which are written as SET takes them."""
    found = {TIMEOUTS[k]: duration(v) for k, v in values.items() if k in TIMEOUTS}
    return Timeouts(**found)


@functools.lru_cache(maxsize=64)
def duration(value: str) -> timedelta | None:
    """A timeout as PostgreSQL reads it, in milliseconds without a unit; None where it would
    not take it."""
    found = _DURATION.fullmatch(value)
    if found is None:
        return None
    return timedelta(milliseconds=round(float(found[1]) * _MILLISECONDS[found[2] or "ms"]))


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


def said(action: Action) -> Change | None:
    """What an Action that is a SET or a RESET changes."""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.kind is not ActionKind.SET:
        return None
    return read("VariableSetStmt", action.tree)


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
