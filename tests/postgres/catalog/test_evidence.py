"""Facts are read by one plan, and the reading leaves no trace in the transaction."""

from tests.tried import opened
from zdm.execute.evidence import Scope
from zdm.postgres.catalog import evidence

SCOPE = Scope(tables=("public.users",), words=("email",))
PLANS = "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
SETTINGS = "SELECT current_setting('search_path'), current_setting('plan_cache_mode')"


def test_the_query_is_planned_once(database: str) -> None:
    with opened(database) as conn:
        conn.execute("CREATE TABLE users (id int, email text)")
        found = [evidence.read(conn, SCOPE) for _ in range(3)]

        assert found[0] == found[2]
        assert ("column", "public.users.email") in found[0]
        assert conn.execute(PLANS).fetchall() == [(3, 0)]


def test_a_transaction_keeps_its_settings(database: str) -> None:
    with opened(database) as conn, conn.transaction():
        conn.execute("SET LOCAL search_path = elsewhere")
        conn.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        evidence.read(conn, SCOPE)

        assert conn.execute(SETTINGS).fetchall() == [("elsewhere", "force_custom_plan")]
