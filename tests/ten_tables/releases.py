"""The releases in their order, each with what its version of the application does anew."""

from dataclasses import replace

from tests.ten_tables.runs import Refused, Release
from tests.ten_tables.shapes import Make, Version
from tests.ten_tables.velo import later, maybe, number, one_of, ref, unique
from tests.ten_tables.writers import Writer

START = ("migrations/versions/0001_start.py", "migrations/versions/0002_by_hand.py")
_STATES = ("free", "rented", "broken")


def _revision(name: str) -> tuple[str, ...]:
    return (f"migrations/versions/{name}.py",)


def _file(name: str) -> tuple[str, ...]:
    return (f"sql/{name}.sql",)


def _but(version: Version, table: str, *without: str, **fields: Make) -> Version:
    return version.but(**{table: version.tables[table].but(*without, **fields)})


def _upserts(version: Version, table: str, *columns: str) -> Version:
    return version.but(**{table: replace(version.tables[table], upsert=columns)})


def _together(version: Version, table: str, *columns: str) -> Version:
    shape = version.tables[table]
    return version.but(
        **{table: replace(shape, together=(*shape.together, frozenset(columns)))}
    )


def _references(version: Version) -> Version:
    version = _but(version, "stations", manager_id=ref("customers", null=0.3))
    return _but(version, "models", successor_id=ref("models", null=0.4))


def _home(version: Version) -> Version:
    version = _but(version, "bikes", home_id=ref("stations"))
    version = _together(version, "bikes", "station_id", "home_id")
    version = _but(version, "payments", means=one_of("DEBIT", "COINS"))
    return _together(version, "payments", "method", "means")


def _checked(version: Version) -> Version:
    version = _but(version, "stations", capacity=number(1, 100))
    return _but(version, "payments", method=one_of("card", "cash", "voucher"))


def _not_null(version: Version) -> Version:
    version = _but(version, "customers", points=number(0, 9))
    version = _but(version, "bikes", label=unique("label"))
    version = _together(version, "bikes", "frame_no", "label")
    version = _but(version, "models", family=one_of("city", "cargo", "tandem"))
    return version.but(models=replace(version.tables["models"], optional=frozenset()))


def _more_labels(version: Version) -> Version:
    states = later(one_of(*_STATES, "lost", "reserved"), one_of(*_STATES))
    tiers = later(one_of("basic", "plus", "gold", "pro"), one_of("basic", "plus", "pro"))
    return _but(_but(version, "bikes", state=states), "customers", tier=tiers)


def _text_and_enum(version: Version) -> Version:
    version = _but(version, "bikes", "state", status=one_of(*_STATES, "lost", "reserved"))
    return _but(version, "messages", "kind", topic=one_of("news", "bill", "alert"))


def _about_a_ride(writer: Writer) -> None:
    ride, day = writer.referred("rides")
    writer.insert("messages", ride_id=ride, ride_day=day)


def _rides(version: Version) -> Version:
    version = _but(version, "messages", ride_id=one_of(None), ride_day=one_of(None))
    shape = replace(version.tables["messages"], fixed=frozenset({"ride_id", "ride_day"}))
    return replace(version.but(messages=shape), also=(*version.also, _about_a_ride))


ALL = (
    Release(name="0003", files=_revision("0003_foreign_keys")),
    Release(name="0004", files=_file("0004_forgotten_keys")),
    Release(
        name="0005",
        files=_file("0005_memberships"),
        start="INSERT INTO memberships (customer_id, station_id, since)"
        " SELECT 90000 + g, id, '2024-01-01' FROM stations, generate_series(1, 3) AS g",
        plainly="DELETE FROM memberships WHERE customer_id > 90000;"
        "ALTER TABLE memberships ADD CONSTRAINT fk_memberships_customer_id_customers"
        " FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE",
        left_alone={"memberships": "customer_id > 90000"},
    ),
    Release(name="0006", files=_revision("0006_references_of_new_columns"), new=_references),
    Release(
        name="0007",
        files=_file("0007_home_of_a_bike"),
        new=_home,
    ),
    Release(
        name="0008",
        files=_revision("0008_unique_keys"),
        new=lambda version: _upserts(version, "bikes", "frame_no"),
    ),
    Release(
        name="0009",
        files=_file("0009_nulls"),
        since=15,
        new=lambda version: _upserts(version, "stations", "code"),
    ),
    Release(name="0010", files=_revision("0010_key_of_payments")),
    Release(
        name="0011",
        files=_revision("0011_checks"),
        new=_checked,
        unread=frozenset({"stations.capacity"}),
    ),
    Release(name="0012", files=_file("0012_checks_again")),
    Release(
        name="0013",
        files=_file("0013_no_overlap"),
        refused=(
            Refused(
                file="refused/0013_no_overlap.sql",
                says=("EXCLUDE builds its index", "-- zdm: run in contract -- reason"),
            ),
        ),
    ),
    Release(
        name="0014",
        files=_revision("0014_optional_phone"),
        new=lambda version: _but(version, "customers", phone=maybe(unique("+49"))),
        steps=3,  # with the stamp of Alembic's table
    ),
    Release(
        name="0014-locale",
        files=_file("0014_locale"),
        refused=(Refused(file="refused/0014_locale.sql", says=("-- zdm: default",)),),
        plainly="ALTER TABLE customers ADD COLUMN locale text NOT NULL DEFAULT 'de';"
        "ALTER TABLE customers ALTER COLUMN locale DROP DEFAULT",
        new=lambda version: _but(version, "customers", locale=one_of("de", "ne")),
    ),
    Release(
        name="0015",
        files=_revision("0015_not_null"),
        new=_not_null,
        unread=frozenset({"models.family"}),
    ),
    Release(name="0016", files=_revision("0016_more_labels"), new=_more_labels),
    Release(
        name="0017",
        files=_file("0017_rename_label"),
        refused=(Refused(file="refused/0017_rename_label.sql", says=("ADD VALUE",)),),
        new=lambda version: _but(
            version,
            "customers",
            tier=later(
                one_of("basic", "plus", "gold", "premium", "pro"),
                one_of("basic", "plus", "gold", "pro"),
            ),
        ),
    ),
    Release(
        name="0018",
        files=_file("0018_label_renamed"),
        new=lambda version: _but(
            version, "customers", tier=one_of("basic", "plus", "gold", "premium")
        ),
        unread=frozenset({"customers.tier"}),
    ),
    Release(
        name="0019",
        files=_revision("0019_rental_states"),
        new=lambda version: _but(
            version,
            "rentals",
            state=later(one_of("open", "paused", "closed"), one_of("open", "closed")),
        ),
    ),
    Release(
        name="0020",
        files=_revision("0020_text_and_enum"),
        refused=(
            Refused(
                file="refused/0020_tier_as_text.sql", says=("add a column of the new type",)
            ),
        ),
        new=_text_and_enum,
    ),
    Release(
        name="0021",
        files=_file("0021_data"),
        start="UPDATE memberships AS m SET role = 'banned'"
        " WHERE customer_id BETWEEN 200 AND 220 AND NOT EXISTS (SELECT FROM rentals AS r"
        " WHERE r.customer_id = m.customer_id AND r.member_station_id = m.station_id);"
        "UPDATE payments SET amount = 1 WHERE reference LIKE 'P%7'",
        left_alone={"memberships": "role = 'banned'", "messages": "body LIKE 'text 1%'"},
        quiet=frozenset(
            {"payments.amount", "payments.reference", "rentals.price", "rentals.id"}
            | {"stations.district_id", "models.price_cents", "districts"}
        ),
        unread=frozenset({"payments.amount", "stations.district_id", "models.price_cents"}),
    ),
    Release(
        name="0022",
        files=_file("0022_catalogue"),
        # writers of earlier releases may have given these stations other codes
        start="INSERT INTO stations (code, name, district_id)"
        " VALUES ('st1', 'One', 1), ('st2', 'Two', 1) ON CONFLICT (code) DO NOTHING",
        left_alone={"stations": "code IN ('st1', 'st2')"},
        quiet=frozenset({"rentals"}),
        new=lambda version: replace(
            version, reads=(*version.reads, "SELECT count(*) FROM favourites")
        ),
    ),
    Release(
        name="0023",
        files=_file("0023_merge"),
        since=15,
        refused=(Refused(file="refused/0023_merge.sql", says=("MERGE", "TRUNCATE")),),
        patient=frozenset({"rides"}),
    ),
    Release(name="0024", files=_revision("0024_names_again")),
    Release(
        name="0025",
        files=_file("0025_column_gone"),
        refused=(Refused(file="refused/0025_column_again.sql", says=("source",)),),
        new=lambda version: _but(version, "customers", "source"),
    ),
    Release(
        name="0026",
        files=_file("0026_column_again"),
        new=lambda version: _but(version, "customers", source=maybe(number(1, 9))),
    ),
    Release(name="0027", files=_file("0027_partitions"), new=_rides),
    Release(name="0028", files=_file("0028_small"), steps=3),
)
