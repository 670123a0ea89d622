"""docs/reference/precision.md, from the results and the judgements; both are in this folder.

python -m benchmarks.precision.page
"""

import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.precision.tools import LIMITS, SQUAWK_STYLE

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
ADDED = re.compile(r"the next session of|if the condition takes")
PAGE = HERE.parents[1] / "docs/reference/precision.md"
CORPORA = {
    "rules": "cases of zdm's rules",
    "squawk": "test statements of squawk's rules",
    "optuna": "history of optuna",
    "keystone": "history of keystone",
    "mlflow-skinny": "history of mlflow-skinny",
    "ckan": "history of ckan",
    "prefect": "history of prefect",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One statement: what PostgreSQL showed, and what each tool said."""

    corpus: str
    case: str
    statement: int
    facts: tuple[str, ...]
    unknown: str
    unlimited: bool
    zdm: frozenset[str]
    zdm_errors: frozenset[str]
    squawk: frozenset[str]
    pgsafe: frozenset[str]

    @property
    def key(self) -> str:
        """Its name in the judgements."""
        return f"{self.corpus} {self.case} {self.statement}"

    @property
    def unsafe(self) -> bool:
        """Whether PostgreSQL showed that it is."""
        return bool(self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One way to read what a tool says: the rules that count."""

    name: str
    said: Callable[[Row], frozenset[str]]
    conditional: Mapping[str, str]  # rules whose harm no run on sample rows can show


def rows(judgements: Mapping[str, Any]) -> list[Row]:
    """The statements that could be judged, with what a judgement corrects."""
    corrected = {entry["at"]: entry for entry in judgements["statement"]}
    data = json.loads(RESULTS.read_text(encoding="utf-8"))
    found = [
        Row(
            corpus=entry["corpus"],
            case=entry["case"],
            statement=entry["statement"],
            facts=tuple(entry["facts"]),
            unknown=entry["unknown"],
            unlimited=entry["unlimited"],
            zdm=frozenset(entry["zdm"]),
            zdm_errors=frozenset(entry["zdm_errors"]),
            squawk=frozenset(entry["squawk"]),
            pgsafe=frozenset(entry["pgsafe"]),
        )
        for entry in data
    ]
    left_out = {at for at, entry in corrected.items() if entry["truth"] == "left out"}
    return [row for row in found if not row.unknown and row.key not in left_out]


def tools(judgements: Mapping[str, Any]) -> list[Tool]:
    """zdm at each fail level, squawk without and with its rules of style."""
    ours, theirs = judgements["conditional"]["zdm"], judgements["conditional"]["squawk"]
    return [
        Tool(name="zdm check", said=lambda r: r.zdm - LIMITS, conditional=ours),
        Tool(name="zdm check, errors", said=lambda r: r.zdm_errors - LIMITS, conditional=ours),
        Tool(
            name="squawk", said=lambda r: r.squawk - LIMITS - SQUAWK_STYLE, conditional=theirs
        ),
        Tool(name="squawk, all rules", said=lambda r: r.squawk - LIMITS, conditional=theirs),
        Tool(
            name="pgsafe",
            said=lambda r: r.pgsafe - LIMITS,
            conditional=judgements["conditional"]["pgsafe"],
        ),
    ]


def share(part: int, whole: int) -> str:
    """A number of a total, as both."""
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "0 of 0"


def counted(tool: Tool, found: Sequence[Row]) -> tuple[str, str, str]:
    """What a tool flags: unsafe statements, safe ones, and those of the safe ones that it flags
    by a conditional rule alone."""
    unsafe = [row for row in found if row.unsafe]
    safe = [row for row in found if not row.unsafe]
    alarms = [row for row in safe if tool.said(row)]
    conditional = [row for row in alarms if tool.said(row) <= set(tool.conditional)]
    without = len(safe) - len(conditional)
    return (
        share(sum(1 for row in unsafe if tool.said(row)), len(unsafe)),
        share(len(alarms), len(safe)),
        share(len(alarms) - len(conditional), without),
    )


def totals(found: Sequence[Row], used: Sequence[Tool]) -> Iterator[str]:
    """The table of a corpus."""
    yield "| | unsafe, flagged | safe, flagged: strict | without conditional rules |"
    yield "|---|---:|---:|---:|"
    for tool in used:
        unsafe, safe, strict = counted(tool, found)
        yield f"| {tool.name} | {unsafe} | {safe} | {strict} |"


def waiting(found: Sequence[Row]) -> Iterator[str]:
    """Every harm and every rule, those about locks without a limit included."""
    yield "| | unsafe, flagged | safe, flagged: strict |"
    yield "|---|---:|---:|"
    every = {
        "zdm check": [row.zdm for row in found],
        "zdm check, errors": [row.zdm_errors for row in found],
        "squawk": [row.squawk - SQUAWK_STYLE for row in found],
        "squawk, all rules": [row.squawk for row in found],
        "pgsafe": [row.pgsafe for row in found],
    }
    harm = [row.unsafe or row.unlimited for row in found]
    for name, said in every.items():
        unsafe = [bool(rules) for rules, is_unsafe in zip(said, harm, strict=True) if is_unsafe]
        safe = [
            bool(rules) for rules, is_unsafe in zip(said, harm, strict=True) if not is_unsafe
        ]
        yield f"| {name} | {share(sum(unsafe), len(unsafe))} | {share(sum(safe), len(safe))} |"


def by_kind(found: Sequence[Row], used: Sequence[Tool]) -> Iterator[str]:
    """How many statements with each kind of harm are flagged; a statement may have several."""
    yield f"| | statements | {' | '.join(tool.name for tool in used)} |"
    yield f"|---|---:|{'---:|' * len(used)}"
    names = ("blocks", "stops", "fails", "breaks", "refuses", "admits", "changes", "slows")
    for kind in (*names, "loses", "undoes", "ends", "remains", "queues"):
        those = [row for row in found if kind in kinds(row)]
        flagged = [str(sum(1 for row in those if tool.said(row))) for tool in used]
        yield f"| {kind} | {len(those)} | {' | '.join(flagged)} |"


def by_rule(found: Sequence[Row], tool: Tool) -> Iterator[str]:
    """How often each rule of a tool is right."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for row in found:
        (right if row.unsafe else wrong).update(tool.said(row))
    yield "| rule | on unsafe statements | on safe statements | |"
    yield "|---|---:|---:|---|"
    for rule in sorted({*right, *wrong}):
        note = "conditional" if rule in tool.conditional else ""
        yield f"| `{rule}` | {right[rule]} | {wrong[rule]} | {note} |"


def missed(found: Sequence[Row], tool: Tool) -> list[Row]:
    """Unsafe statements that a tool does not flag."""
    return [row for row in found if row.unsafe and not tool.said(row)]


def alarms(found: Sequence[Row], tool: Tool) -> list[Row]:
    """Safe statements that it flags."""
    return [row for row in found if not row.unsafe and tool.said(row)]


def reason(judgements: Mapping[str, Any], kind: str, row: Row, tool: Tool) -> str:
    """Why a difference is one: of the statement itself, else of a rule, else of the fact."""
    own: dict[str, str] = {entry["at"]: entry["reason"] for entry in judgements["statement"]}
    table: dict[str, str] = dict(judgements[kind].get(tool.name.partition(" ")[0], {}))
    if kind == "alarm":
        table |= tool.conditional
    keys = [*sorted(tool.said(row) if kind == "alarm" else row.zdm - LIMITS), *kinds(row)]
    return own.get(row.key) or next((table[key] for key in keys if key in table), "")


def kinds(row: Row) -> list[str]:
    """The kinds of facts."""
    return sorted({fact.partition(":")[0] for fact in row.facts})


def differences(
    judgements: Mapping[str, Any], kind: str, found: Iterable[Row], tool: Tool
) -> Iterator[str]:
    """Each group of differences with its judgement and its statements."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in found:
        what = (
            ", ".join(f"`{rule}`" for rule in sorted(tool.said(row)))
            if kind == "alarm"
            else ", ".join(f"`{rule}`" for rule in sorted(row.zdm - LIMITS)) or "no rule"
        )
        groups.setdefault((what, reason(judgements, kind, row, tool)), []).append(row)
    if not groups:
        yield "None."
        return
    yield (
        "| rules | statements | judgement |"
        if kind == "alarm"
        else ("| rules of zdm that flag it | statements | judgement |")
    )
    yield "|---|---|---|"
    for (what, why), members in sorted(groups.items()):
        places = ", ".join(f"{row.case}:{row.statement}" for row in members[:3])
        more = f" and {len(members) - 3} more" if len(members) > 3 else ""
        yield f"| {what} | {len(members)}: {places}{more} | {why} |"


def unjudged(found: Sequence[Row], judgements: Mapping[str, Any]) -> list[str]:
    """Differences without a judgement."""
    lacking = []
    used = tools(judgements)
    for tool in (used[0], used[2]):
        for kind, differing in (
            ("alarm", alarms(found, tool)),
            ("missed", missed(found, tool)),
        ):
            lacking += [
                f"{tool.name} {kind} {row.key}: {sorted(tool.said(row)) or row.facts}"
                for row in differing
                if not reason(judgements, kind, row, tool)
            ]
    return lacking


def limits(found: Sequence[Row]) -> Iterator[str]:
    """Whole migrations: whether a lock is waited for without a limit."""
    migrations: dict[tuple[str, str], list[Row]] = {}
    for row in found:
        migrations.setdefault((row.corpus, row.case), []).append(row)
    yield "| | without a limit, flagged | with one, flagged |"
    yield "|---|---:|---:|"
    for name, rules in (
        ("zdm check", {"missing-lock-timeout", "lock-timeout-too-long"}),
        ("squawk", {"require-lock-timeout"}),
        ("pgsafe", {"require-timeout"}),
    ):
        flagged = [
            (
                any(r.unlimited for r in one),
                any((r.zdm | r.squawk | r.pgsafe) & rules for r in one),
            )
            for one in migrations.values()
        ]
        open_ = [hit for without, hit in flagged if without]
        closed = [hit for without, hit in flagged if not without]
        shares = share(sum(open_), len(open_)), share(sum(closed), len(closed))
        yield f"| {name} | {' | '.join(shares)} |"


_LAST = (
    "`ends`, `remains`, `queues`, settings of the next sessions, and rows such as a condition"
    " takes do not count here."
)


def _earlier(row: Row) -> Row:
    """The statement without these facts."""
    kept = (f for f in row.facts if not f.startswith(("ends", "remains", "queues")))
    return replace(row, facts=tuple(f for f in kept if not ADDED.search(f)))


def judged() -> dict[str, Any]:
    """The judgements."""
    return tomllib.loads((HERE / "judgements.toml").read_text(encoding="utf-8"))


def page() -> str:
    """The page's text."""
    judgements = judged()
    found = rows(judgements)
    used = tools(judgements)
    ours, theirs = used[0], used[2]
    lines = [
        (HERE / "method.md").read_text(encoding="utf-8").rstrip(),
        "",
        "## All statements",
        "",
    ]
    lines += totals(found, used)
    others = [
        row for row in found if not row.key.startswith("rules ") or "/refused" not in row.case
    ]
    lines += ["", "### Without the refused cases of zdm's rules", "", *totals(others, used)]
    lines += ["", "### Without the kinds that were added last", "", _LAST, ""]
    lines += totals([_earlier(row) for row in found], used)
    lines += [
        "",
        "### By kind of harm",
        "",
        "Statements that show it, and how many are flagged.",
    ]
    lines += ["", *by_kind(found, used)]
    for corpus, title in CORPORA.items():
        own = [row for row in found if row.corpus == corpus]
        if own:
            lines += ["", f"### {title[0].upper()}{title[1:]}", "", *totals(own, used)]
    lines += ["", "## Locks without a limit", "", (HERE / "limits.md").read_text().rstrip(), ""]
    lines += limits(found)
    lines += ["", (HERE / "waiting.md").read_text().rstrip(), "", *waiting(found)]
    for tool, kind, title, those in (
        (ours, "missed", "Unsafe, not flagged by zdm check", missed(found, ours)),
        (ours, "alarm", "Safe, flagged by zdm check", alarms(found, ours)),
        (theirs, "missed", "Unsafe, not flagged by squawk", missed(found, theirs)),
        (theirs, "alarm", "Safe, flagged by squawk", alarms(found, theirs)),
    ):
        lines += ["", f"## {title}", "", *differences(judgements, kind, those, tool)]
    lines += ["", "## Conditional rules", ""]
    lines += ["No run on sample rows can show the harm that these rules warn of.", ""]
    lines += ["| tool | rule | why |", "|---|---|---|"]
    for name in ("zdm", "squawk", "pgsafe"):
        table = judgements["conditional"][name]
        lines += [f"| {name} | `{rule}` | {why} |" for rule, why in sorted(table.items())]
    lines += ["", "## Statements that were left out", ""]
    lines += ["| statement | why |", "|---|---|"]
    for entry in judgements["statement"]:
        if entry["truth"] == "left out":
            lines.append(f"| {entry['at']} | {entry['reason']} |")
    lines += ["", "## Rules of zdm check", "", *by_rule(found, ours)]
    lines += ["", "## Rules of squawk", "", *by_rule(found, theirs)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    judgements_ = judged()
    for line in unjudged(rows(judgements_), judgements_):
        sys.stderr.write(f"no judgement: {line}\n")
