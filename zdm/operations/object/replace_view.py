"""CREATE OR REPLACE of a view that is there, as the last step before the rollout.

It takes ACCESS EXCLUSIVE on the view for milliseconds, and keeps its columns: PostgreSQL lets
it append some, and refuses to remove, rename or retype one (manual, CREATE VIEW). Both versions
read the new query, so it comes behind all fills, whose columns it may read. DROP VIEW and
CREATE VIEW in one train are the same where OR REPLACE can do it.

Undo puts the former query back; where columns were appended it must make the view again, which
is left to what has no more than a query, an owner and rights.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, Phase, Step, TableLock
from zdm.model.schema import Snapshot, View
from zdm.model.statement import Action, ActionKind, Setting
from zdm.model.syntax import CreateObject, DropObjects
from zdm.parse import rewrite
from zdm.recipes import run_sql
from zdm.recipes.object import routine, stand_in_view, views
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned

SLUG = "replace_view"
_NEW_NAME = (
    "give the new one another name, let the new version read that, and drop this one in a later"
    " release"
)
_CHECKS = re.compile(r"\bWITH\s+(?:\w+\s+)?CHECK\s+OPTION\b|\bcheck_option\b", re.IGNORECASE)
_Problem = tuple[str, str]


class ReplaceView(Struct, frozen=True, kw_only=True):
    """Replace the query of a view. `appends`: columns that it had not."""

    former: View
    sql: str
    settings: tuple[Setting, ...]
    locks: tuple[TableLock, ...]
    appends: tuple[str, ...]

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        more = f", with {', '.join(self.appends)}" if self.appends else ""
        return f"replace view {self.former.name}{more}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """That the old version reads the new query."""
        name = self.former.name
        message = (
            f"the old version reads {name} with its new query from before the rollout on, and"
            " zdm does not know which rows that gives"
        )
        if self.appends:
            message += (
                "; its SELECT * gets more columns, and prepared statements with it fail once"
            )
        remedy = f"make sure that it gives the old version what that expects; else {_NEW_NAME}"
        return (Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin),)

    def choice(self, context: Context) -> Choice:
        """Every column of the former stays."""
        del context
        return choice.single(
            "CREATE OR REPLACE VIEW as the last step before the rollout",
            because="every column that the old version reads stays",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement, with OR REPLACE."""
        view = self.former
        back = stand_in_view.made_again(view) if self.appends else (views.again(view),)
        return (
            run_sql.short_transaction(
                Owned(operation=SLUG, origin=context.origin),
                id=f"{view.name}-replace",
                phase=Phase.SWITCH,
                title=self.title,
                sql=(self.sql,),
                settings=self.settings,
                locks=self.locks,
                probe="",  # only the journal shows it
                undo=back,
                serves=BOTH,
                reason="Every column that the old version reads stays.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A CREATE OR REPLACE VIEW of one that is there, or its DROP with a CREATE behind it."""
    first, said = actions[0], actions[0].said
    if statements.fact(first, ActionKind.CREATE_VIEW) is not None:
        if isinstance(said, CreateObject) and said.kind == "view" and said.replaces:
            return _replaced(first, (0,), snapshot, dropped=False)
        return None
    if statements.fact(first, ActionKind.DROP_VIEW) is None:
        return None
    if not isinstance(said, DropObjects) or said.kind != "view" or said.cascade:
        return None
    view = views.named(said.objects[0], first, snapshot)
    position = None if view is None else views.made_again(actions, view, snapshot)
    again = None if position is None else actions[position].said
    if position is None or not isinstance(again, CreateObject) or again.kind != "view":
        return None
    return _replaced(actions[position], (0, position), snapshot, dropped=True)


def _replaced(
    action: Action, consumed: tuple[int, ...], snapshot: Snapshot, *, dropped: bool
) -> Match | Refusal | None:
    said, sql = action.said, action.statement.sql
    former = (
        views.named(said.words, action, snapshot) if isinstance(said, CreateObject) else None
    )
    if former is None or not isinstance(said, CreateObject):
        return None
    appends = said.columns[len(former.columns) :]
    problem = next(_problems(former, said, snapshot, dropped=dropped), None) or _checks(sql)
    if problem is not None:
        refusal = refuse.refuse(action, "view_cannot_be_replaced", *problem)
        return replace(refusal, consumed=consumed)
    operation = ReplaceView(
        former=former,
        sql=sql if said.replaces else rewrite.or_replace(sql),
        settings=action.statement.settings,
        locks=tuple(sorted((views.lock(former), *statements.of_author(snapshot, action)))),
        appends=appends,
    )
    directives = action.statement.vouched
    return Match(operation=operation, consumed=consumed, directives=directives)


def _checks(sql: str) -> _Problem | None:
    if not _CHECKS.search(sql):
        return None
    return (
        "the new query has a CHECK OPTION, by which it may refuse what the old version writes"
        " through the view",
        "put `-- zdm: run in contract -- reason` above it, or `run in expand` if the old"
        " version writes nothing that it refuses",
    )


def _problems(
    former: View, said: CreateObject, snapshot: Snapshot, *, dropped: bool
) -> Iterator[_Problem]:
    name = former.name
    if former.kind != "view":
        yield f"{name} is a {former.kind}, so this statement would fail", _NEW_NAME
    if views.by_train(former):
        yield (
            f"this train makes or replaces {name} before, and zdm does so once in a train",
            "keep only the last of these statements",
        )
    if not said.columns:
        yield (
            f"this query of {name} does not say which columns it gives, so whether it keeps"
            " those of the old version is unknown",
            "write each column of the query by its name instead of *",
        )
    if said.columns[: len(former.columns)] != former.columns:
        yield (
            f"the view {name} has the columns {', '.join(former.columns)}, which must stay"
            " first and in this order: PostgreSQL cannot replace it otherwise, and the old"
            " version reads them",
            _NEW_NAME,
        )
    if dropped and (former.grants or former.comment is not None or _more(former)):
        yield (
            f"{name} is dropped and made again, so its rights, comment, triggers or options"
            " would be gone while the old version reads it",
            "remove the DROP, and write CREATE OR REPLACE VIEW, which keeps them",
        )
    if len(said.columns) > len(former.columns) and _more(former):
        yield (
            f"{name} has triggers, rules, options or rights of columns, so it could not be made"
            " again without the new columns on the way back",
            _NEW_NAME,
        )
    users = tuple(dict.fromkeys(views.users(former, snapshot)))
    if len(said.columns) > len(former.columns) and users:
        yield (
            f"these use {name}, so it could not be made again without the new columns on the"
            f" way back: {routine.listed(users)}",
            _NEW_NAME,
        )


def _more(view: View) -> bool:
    """Whether it has more than a query, an owner, rights and a comment."""
    return bool(
        view.triggers or view.rules or view.details or view.column_grants or view.options
    )
