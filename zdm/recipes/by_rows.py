"""The ways to change rows of a table in use: in one short statement, or in batches."""

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait, Way
from zdm.recipes.reading import few
from zdm.recipes.reading.few import Few

_MANY = (
    "no unique key names its rows, and the table is not known to have fewer than"
    f" {few.SMALL:,} rows"
)
_NAMED = f"a WHERE that names the rows by a unique key, at most {few.KEYS:,} of them"


def update(
    at_most: Few | None, *, late: bool, keeps: bool = False, trigger: bool = False
) -> Choice:
    """Of an UPDATE. `late`: rows that a constraint of the contract refuses are set until then;
    `keeps`: the old values are kept; `trigger`: writes of the versions are converted, too."""
    waits = (Trait.WAITS,) if late or keeps else ()
    converts = (Trait.TRIGGER,) if trigger else ()
    return choice.of(
        _one_statement(at_most, waits, "the old values are to be kept" if keeps else _MANY),
        choice.way(
            "batches",
            "set the rows in batches"
            + (", with a trigger for what is written meanwhile" if trigger else "")
            + (", and keep the old values until the contract" if keeps else ""),
            at_most is None,
            Trait.BATCHES,
            *waits,
            *converts,
            because="one UPDATE would hold the locks of all its rows until it ends",
            unless="there are few rows",
        ),
    )


def delete(at_most: Few | None, *, early: bool) -> Choice:
    """Of a DELETE. `early`: a later statement needs the rows gone."""
    waits = () if early else (Trait.WAITS,)
    when = "before the rollout" if early else "when the old version is gone"
    return choice.of(
        _one_statement(at_most, waits, _MANY, when),
        choice.way(
            "batches",
            f"delete the rows in batches {when}",
            at_most is None,
            Trait.BATCHES,
            *waits,
            because="one DELETE would hold the locks of all its rows until it ends",
            unless="there are few rows",
        ),
    )


def _one_statement(
    at_most: Few | None, waits: tuple[Trait, ...], many: str, when: str = ""
) -> Way:
    words = "" if at_most is None else at_most.words
    return choice.way(
        "one_statement",
        f"run it as one statement {when}".rstrip(),
        at_most is not None,
        *waits,
        because=f"{words[:1].lower()}{words[1:]}",
        unless=many,
        wording=_NAMED if many is _MANY else "",
    )
