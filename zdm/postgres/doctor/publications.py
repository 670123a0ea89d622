"""What others receive of this server's changes: slots and publications."""

from zdm.execute import preflight
from zdm.model import diagnosis
from zdm.model.diagnosis import Diagnosis
from zdm.postgres.session.connection import Connection, value

_NAMES = "SELECT pg_catalog.string_agg(pubname, ', ' ORDER BY pubname) FROM pg_catalog."
_ALL_TABLES = f"{_NAMES}pg_publication WHERE puballtables"
_IDLE = (
    "SELECT pg_catalog.string_agg(slot_name, ', ' ORDER BY slot_name)"
    " FROM pg_catalog.pg_replication_slots WHERE NOT active"
)


def replication(opened: Connection) -> Diagnosis:
    """Everything that is worth knowing of it, in one check."""
    found: list[tuple[str, str]] = []
    if idle := value(opened, _IDLE):
        found.append(
            (
                f"the slot {idle} has no consumer, so the server retains all WAL of a backfill",
                "start its consumer, or pg_drop_replication_slot",
            )
        )
    if published := value(opened, f"{_NAMES}pg_publication"):
        found.append(
            (
                f"the publication {published} sends rows and no DDL, so a subscriber lacks new"
                " columns",
                "change the subscriber's tables first",
            )
        )
    if everything := value(opened, _ALL_TABLES):
        found.append(preflight.all_tables(everything))
    if not found:
        level = value(opened, "SHOW wal_level")
        seen = value(opened, "SELECT count(*) FROM pg_catalog.pg_stat_replication")
        return diagnosis.ok("replication", f"wal_level {level}, {seen} senders of WAL")
    facts, remedies = zip(*found, strict=True)
    return diagnosis.warning("replication", "; ".join(facts), "; ".join(remedies))
