"""Why what a statement does is not known, if it is not."""

from zdm.model.commands import AlterTable, Change, NoRelation, Work, WorkOn
from zdm.model.impact import Impact
from zdm.model.schema import Snapshot
from zdm.model.statement import Action, ActionKind, Fact, Unknown
from zdm.model.syntax import CreateObject, CreateTableAs, Insert, Other, Read, Update
from zdm.schema.impact import calls

_SAID_WHOLE = (ActionKind.SET, ActionKind.TRANSACTION, ActionKind.CREATE_EXTENSION)


def reason(action: Action, impact: Impact, left: Snapshot) -> str:
    """Empty where it is known; `left` is the schema after it, which is opaque if it may have
    changed anything."""
    fact, said = action.fact, action.said
    if isinstance(fact, Fact) and fact.kind in _SAID_WHOLE:
        return ""
    if isinstance(said, Other):
        return fact.reason if isinstance(fact, Unknown) else "zdm does not know this statement"
    if isinstance(fact, Unknown) and _hides(said):
        return fact.reason
    if isinstance(said, AlterTable) and said.change is Change.OTHER:
        return "zdm does not know this form of ALTER TABLE"
    if _runs(said):
        calls_unknown = calls.unknown(action, left)
        if calls_unknown:
            return calls_unknown
    if left.opaque:
        return impact.unknown or "it may change the schema in a way that zdm does not see"
    return ""


def _runs(said: object) -> bool:
    """Whether it evaluates what it says for rows, or once."""
    if isinstance(said, WorkOn):
        return said.work in (Work.DELETE, Work.MERGE, Work.COPY_OUT)
    if isinstance(said, CreateObject):
        return said.kind == "materialized view"
    return isinstance(said, Read | Insert | Update | CreateTableAs)


def _hides(said: object) -> bool:
    """COPY brings rows that are not in the file; of what names no relation nothing is known
    but that."""
    if isinstance(said, WorkOn):
        return said.work is Work.COPY_IN
    return isinstance(said, NoRelation) and not said.statement
