"""what autogenerate does not write

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE rides (
            id bigserial, day date NOT NULL, rental_id uuid NOT NULL, metres int NOT NULL,
            track jsonb, CONSTRAINT pk_rides PRIMARY KEY (id, day)
        ) PARTITION BY RANGE (day)
        """
    )
    op.execute(
        "CREATE TABLE rides_2025 PARTITION OF rides"
        " FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')"
    )
    op.execute(
        "CREATE TABLE rides_2026 PARTITION OF rides"
        " FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"
    )
    op.execute("CREATE INDEX ix_rides_rental_id ON rides (rental_id)")
    op.execute(
        """
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.updated_at := now();
            RETURN NEW;
        END $$
        """
    )
    for table in ("stations", "customers", "rentals"):
        op.execute(
            f"CREATE TRIGGER touch_{table} BEFORE UPDATE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION touch()"
        )
    op.execute(
        """
        CREATE VIEW open_rentals AS
        SELECT r.id, r.started_at, c.name AS customer FROM rentals AS r
        JOIN customers AS c ON c.id = r.customer_id WHERE r.ended_at IS NULL
        """
    )
    op.execute("ALTER TABLE messages ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY of_tenant ON messages TO velo_app"
        " USING (tenant = current_setting('velo.tenant'))"
        " WITH CHECK (tenant = current_setting('velo.tenant'))"
    )
    op.execute("GRANT USAGE ON SCHEMA velo TO velo_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA velo TO velo_app")
    op.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA velo TO velo_app")
    op.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA velo"
        " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO velo_app"
    )
    op.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA velo GRANT USAGE, SELECT ON SEQUENCES TO velo_app"
    )
