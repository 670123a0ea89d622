"""The application's first version."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tests.ten_tables.shapes import Make, Shape, Version
from tests.ten_tables.writers import Key, Writer

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def unique(prefix: str) -> Make:
    """A text that no other session has."""
    return lambda w: w.text(prefix)


def one_of(*values: object) -> Make:
    """One of these."""
    return lambda w: w.chance.choice(values)


def number(low: int, high: int) -> Make:
    """An integer."""
    return lambda w: w.chance.randint(low, high)


def later(make: Make, until: Make) -> Make:
    """Another one until the contract."""
    return lambda w: until(w) if w.late else make(w)


def money(high: int = 90) -> Make:
    """Two digits behind the point."""
    return lambda w: Decimal(w.chance.randint(100, 100 * high)) / 100


def ref(table: str, *, null: float = 0.0) -> Make:
    """A row of a table, or NULL."""

    def make(writer: Writer) -> object:
        return None if writer.chance.random() < null else writer.refer(table)

    return make


def own(table: str) -> Make:
    """A row of a table that the application has made, and that is this session's."""

    def made(writer: Writer) -> list[Key]:
        return [key for key in writer.rows[table] if (table, key) not in writer.kept]

    def make(writer: Writer) -> object:
        if not made(writer):
            writer.insert(table)
        return writer.chance.choice(made(writer))[0]

    return make


def maybe(make: Make, null: float = 0.3) -> Make:
    """NULL sometimes."""
    return lambda w: None if w.chance.random() < null else make(w)


def document(writer: Writer) -> object:
    """JSON."""
    return {"by": writer.tag, "n": writer.chance.randint(0, 9), "tags": ["a", "b"]}


def day(writer: Writer) -> object:
    """Of either partition."""
    return date(2025, 7, 1) + timedelta(days=writer.chance.randint(0, 400))


def moment(writer: Writer) -> object:
    """In the first half of 2026."""
    return _BEGIN + timedelta(minutes=writer.chance.randint(0, 200_000))


def joins(writer: Writer) -> None:
    """A transaction of several statements, as an order is placed."""
    assert writer.conn is not None
    with writer.conn.transaction():
        writer.insert("rentals")
        writer.insert("payments")


def of_member(writer: Writer) -> None:
    """A rental at the station of a membership."""
    customer, station = writer.referred("memberships")
    writer.insert("rentals", customer_id=customer, member_station_id=station)


FIRST = Version(
    tables={
        "districts": Shape(
            key=("id",), fields={"name": unique("d"), "parent_id": ref("districts", null=0.3)}
        ),
        "stations": Shape(
            key=("id",),
            fields={
                "code": unique("s"),
                "name": unique("station"),
                "district_id": ref("districts", null=0.2),
                "capacity": number(1, 150),
                "location": document,
            },
            optional=frozenset({"capacity", "location"}),
        ),
        "models": Shape(
            key=("id",),
            fields={
                "name": unique("m"),
                "family": one_of("city", "cargo", "tandem", None),
                "price_cents": number(100, 9_000),
            },
            optional=frozenset({"family"}),
        ),
        "bikes": Shape(
            key=("id",),
            fields={
                "frame_no": unique("F"),
                "model_id": ref("models"),
                "station_id": ref("stations", null=0.4),
                "state": one_of("free", "rented", "broken"),
                "extras": document,
            },
            optional=frozenset({"state", "extras"}),
        ),
        "customers": Shape(
            key=("id",),
            fields={
                "email": unique("Mail"),
                "name": one_of("Ann", "Bob", "Çelik", "O'Neil"),
                "phone": unique("+49"),
                "tier": one_of("basic", "plus", "pro"),
                "source": one_of("web", "shop", None),
                "deleted_at": maybe(moment, 0.8),
            },
            optional=frozenset({"tier", "source", "deleted_at"}),
        ),
        "memberships": Shape(
            key=("customer_id", "station_id"),
            drawn=False,
            fields={
                "customer_id": own("customers"),
                "station_id": ref("stations"),
                "role": one_of("member", "guest"),
                "since": day,
            },
        ),
        "rentals": Shape(
            key=("id",),
            fields={
                "customer_id": ref("customers"),
                "bike_id": ref("bikes"),
                "member_station_id": one_of(None),
                "started_at": moment,
                "ended_at": maybe(moment),
                "state": one_of("open", "closed", "disputed"),
                "price": maybe(money()),
                "note": maybe(unique("note")),
            },
            optional=frozenset({"ended_at", "price", "note"}),
            fixed=frozenset({"customer_id", "member_station_id"}),
        ),
        "payments": Shape(
            key=("id",),
            fields={
                "rental_id": ref("rentals"),
                "amount": money(),
                "method": one_of("card", "cash"),
                "reference": unique("R"),
            },
            fixed=frozenset({"rental_id"}),
        ),
        "rides": Shape(
            key=("id", "day"),
            fields={
                "day": day,
                "rental_id": ref("rentals"),
                "metres": number(10, 9_999),
                "track": document,
            },
            optional=frozenset({"track"}),
        ),
        "messages": Shape(
            key=("id",),
            fields={
                "customer_id": ref("customers", null=0.2),
                "kind": one_of("news", "bill", "alert"),
                "body": unique("text"),
                "read": one_of(True, False),
            },
        ),
    },
    reads=(
        "SELECT count(*), max(started_at) FROM open_rentals",
        "SELECT s.code, count(*) FROM bikes AS b JOIN stations AS s ON s.id = b.station_id"
        " GROUP BY s.code",
        "WITH RECURSIVE up AS (SELECT id, parent_id, 0 AS n FROM districts"
        " UNION ALL SELECT d.id, d.parent_id, n + 1 FROM districts AS d JOIN up"
        " ON d.id = up.parent_id WHERE n < 3) SELECT count(*) FROM up",
    ),
    also=(joins, of_member),
)

# rows that are there before the first release
SEED = """
SELECT set_config('velo.tenant', 'north', false);
INSERT INTO districts (name, parent_id)
SELECT 'district ' || g, nullif(g / 2, 0) FROM generate_series(1, 40) AS g;
INSERT INTO stations (code, name, district_id, location)
SELECT 'st' || g, 'Station ' || g, 1 + g % 40, jsonb_build_object('lat', g)
FROM generate_series(1, 60) AS g;
INSERT INTO models (name, family, price_cents)
SELECT 'model ' || g, CASE WHEN g % 3 > 0 THEN 'city' END, 100 * g
FROM generate_series(1, 20) AS g;
INSERT INTO bikes (frame_no, model_id, station_id, state)
SELECT 'FR' || g, 1 + g % 20, (SELECT id FROM stations WHERE code = 'st' || 1 + g % 60),
    (ARRAY['free', 'rented', 'broken']::bike_state[])[1 + g % 3]
FROM generate_series(1, 400) AS g;
INSERT INTO customers (email, name, phone, tier, source)
SELECT 'C' || g || '@example.com', 'Customer ' || g, '+49' || g,
    (ARRAY['basic', 'plus', 'pro']::tier[])[1 + g % 3], CASE WHEN g % 2 = 0 THEN 'web' END
FROM generate_series(1, 500) AS g;
INSERT INTO memberships (customer_id, station_id, since)
SELECT g, (SELECT id FROM stations WHERE code = 'st' || 1 + g % 60), '2025-05-01'
FROM generate_series(1, 300) AS g;
INSERT INTO rentals (customer_id, bike_id, started_at, ended_at, state, price)
SELECT 1 + g % 500, 1 + g % 400, '2026-01-01'::timestamptz + g * interval '1 minute',
    CASE WHEN g % 4 > 0 THEN '2026-02-01'::timestamptz END,
    (ARRAY['open', 'closed', 'disputed']::rental_state[])[1 + g % 3], g % 50 + 0.5
FROM generate_series(1, 800) AS g;
INSERT INTO payments (rental_id, amount, method, reference)
SELECT id, coalesce(price, 1), 'card', 'P' || row_number() OVER (ORDER BY started_at, g)
FROM rentals, generate_series(1, 15) AS g;
INSERT INTO rides (day, rental_id, metres)
SELECT started_at::date, id, 1000 FROM rentals;
INSERT INTO messages (customer_id, kind, body)
SELECT 1 + g % 500, (ARRAY['news', 'bill', 'alert'])[1 + g % 3], 'text ' || g
FROM generate_series(1, 300) AS g;
ANALYZE;
"""
