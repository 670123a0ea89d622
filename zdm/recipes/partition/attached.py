"""A new partition is taken away again, unless it has rows by then.

Both versions write to it through the table above, so what they wrote would be lost with it.
"""

from zdm.model.plan import Check
from zdm.model.schema import Name
from zdm.model.sql import literal
from zdm.parse import emit
from zdm.parse.emit import Body, Qualified
from zdm.recipes.sql import probes

_HINT = "move its rows elsewhere, or delete them, then run `zdm rollback` again"


def no_rows(table: Name) -> Check:
    """That it is empty; a table that is gone is."""
    return Check(
        sql=emit.sql("SELECT NOT EXISTS (SELECT 1 FROM {t})", t=Qualified(table)),
        failure=_failure(table),
        hint=_HINT,
    )


def _failure(table: Name) -> str:
    return f"rows were written to the new partition {table}, and its undo would lose them"


def detach_empty(parent: Name, table: Name) -> str:
    """DETACH, if it is attached and empty under the locks that DETACH takes, so that no more
    rows come: foreign keys to its rows would refuse it. The undo may meet a step that was begun
    and not done."""
    alter = emit.sql(
        "ALTER TABLE {p} DETACH PARTITION {t}", p=Qualified(parent), t=Qualified(table)
    )
    lock = emit.sql(
        "LOCK TABLE ONLY {p}, {t} IN ACCESS EXCLUSIVE MODE",
        p=Qualified(parent),
        t=Qualified(table),
    )
    rows = emit.sql("SELECT 1 FROM {t}", t=Qualified(table))
    failure = f"RAISE EXCEPTION USING MESSAGE = {literal(_failure(table))}"
    body = (
        f"BEGIN IF ({probes.partition(table)}) THEN {lock};"
        f" IF EXISTS ({rows}) THEN {failure}; END IF; {alter}; END IF; END"
    )
    return emit.sql("DO {body}", body=Body(body))
