"""How to see that a publication is there, and whether there may be a subscription."""

from zdm.parse import emit
from zdm.parse.emit import Constant

_THERE = "SELECT EXISTS (SELECT FROM pg_catalog.pg_publication AS p WHERE p.pubname = {p})"
# Which publications a slot is for is known on the subscriber alone; `pgoutput` reads them, and
# other plugins know none.
NO_SUBSCRIBER = (
    "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots AS s"
    " WHERE s.plugin = 'pgoutput' AND s.database = pg_catalog.current_database())"
)


def there(name: str) -> str:
    """There is a publication of that name."""
    return emit.sql(_THERE, p=Constant(name))
