"""DROP PUBLICATION.

It locks no table (manual, DROP PUBLICATION; measured 14, 18). But a subscription to it stops
with an error at the next change (measured 14, 17), or never gets what is changed from then on
(measured 18); making it again does not help, because the server sends each change by the
publications of its own moment. So it is dropped in the contract and only if nobody can be
subscribed: no replication slot of the database uses pgoutput, the one plugin that reads
publications. Then undo makes it again.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.catalog.database import Publication
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, Check, Phase, Step
from zdm.model.schema import Snapshot
from zdm.model.statement import Action, Fact, Statement
from zdm.model.syntax import DropObjects
from zdm.parse import emit
from zdm.parse.emit import Body, Constant, Ident
from zdm.recipes import run_sql
from zdm.recipes.publication.there import NO_SUBSCRIBER, there
from zdm.recipes.reading import refuse
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema.effects import publications

SLUG = "drop_publication"


class DropPublication(Struct, frozen=True, kw_only=True):
    """Drop them; none: they do not exist, and the statement has IF EXISTS."""

    found: tuple[Publication, ...]
    words: str  # as written, for the title
    statement: Statement

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        ending = "" if self.found else " (does not exist)"
        return f"drop publication {self.words}{ending}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """None: with a subscriber it is not dropped."""
        del context
        return ()

    def choice(self, context: Context) -> Choice:
        """It waits, and for the subscribers, too."""
        del context
        if not self.found:
            return choice.nothing(
                "there is no such publication, and the statement says IF EXISTS"
            )
        return choice.single(
            "drop it when the old version is gone, if nobody can be subscribed",
            Trait.WAITS,
            because="a subscription to it would stop, or miss changes",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement; none where there is nothing."""
        if not self.found:
            return ()
        gone = [probes.absent(there(one.name)) for one in self.found]
        return (
            run_sql.short_transaction(
                Owned(operation=SLUG, origin=context.origin),
                id=f"{'-'.join(one.name for one in self.found)}-drop-publication",
                phase=Phase.DROP,
                title=self.title,
                sql=(self.statement.sql,),
                locks=(),
                settings=self.statement.settings,
                preconditions=(_unread(self.words),),
                probe=probes.probe(probes.both(*gone)),
                undo=tuple(_again(one) for one in self.found),
                serves=BOTH,
                reason="No replication slot of the database reads publications.",
            ),
        )


def _unread(words: str) -> Check:
    return Check(
        sql=NO_SUBSCRIBER,
        failure="a replication slot of this database uses pgoutput, so there may be a"
        f" subscription to {words}, which would stop with an error, or miss changes (18 and"
        " later)",
        hint="drop the subscription, and with it the slot; or, if the slot serves other"
        " publications alone, plan again with `-- zdm: run in contract -- reason` above the"
        " statement",
        early="contract",
    )


def _again(publication: Publication) -> str:
    """Make it where it is not there; it then belongs to the role that runs this."""
    texts = [publication.definition]
    if publication.comment is not None:
        texts.append(
            emit.sql(
                "COMMENT ON PUBLICATION {p} IS {c}",
                p=Ident(publication.name),
                c=Constant(publication.comment),
            )
        )
    inner = " ".join(f"{text};" for text in texts)
    body = f"BEGIN IF NOT ({there(publication.name)}) THEN {inner} END IF; END"
    return emit.sql("DO {body}", body=Body(body))


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """DROP of one or several publications."""
    action, said = actions[0], actions[0].said
    if not isinstance(said, DropObjects) or said.kind != "publication":
        return None
    if not isinstance(action.fact, Fact):
        return None
    names = [words[-1] for words in said.objects]
    found = [publications.there(snapshot, name) for name in names]
    problem = _problem(said, names, found, snapshot)
    if problem is not None:
        return refuse.refuse(action, "publication_cannot_be_dropped", *problem)
    if None in found and snapshot.opaque:
        return None
    operation = DropPublication(
        found=tuple(dict.fromkeys(one for one in found if one is not None)),
        words=", ".join(names),
        statement=action.statement,
    )
    return Match(operation=operation, consumed=(0,))


def _problem(
    said: DropObjects,
    names: Sequence[str],
    found: Sequence[Publication | None],
    snapshot: Snapshot,
) -> tuple[str, str] | None:
    if None in found and not said.if_exists and not snapshot.opaque:
        missing = names[found.index(None)]
        return (
            f"publication {missing} is not in the schema, so this statement would fail",
            "correct the name, or write IF EXISTS",
        )
    wide = [one.name for one in found if one is not None and (one.all_tables or one.schemas)]
    if wide:
        return (
            f"{', '.join(wide)} publishes all tables, or those in a schema, so it belongs to a"
            " superuser, and zdm could neither drop it nor make it again",
            "drop the subscriptions to it first, and put `-- zdm: run in contract -- reason`"
            " and `-- zdm: privileged -- reason` above it",
        )
    return None
