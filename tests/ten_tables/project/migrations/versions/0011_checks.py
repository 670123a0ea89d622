"""checks

Revision ID: 0011
Revises: 0010
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE stations SET capacity = 100 WHERE capacity > 100")
    op.create_check_constraint(op.f("ck_stations_capacity"), "stations", "capacity <= 100")
    op.drop_constraint(op.f("ck_payments_method"), "payments", type_="check")
    op.create_check_constraint(
        op.f("ck_payments_method"), "payments", "method IN ('card', 'cash', 'voucher')"
    )
    op.create_check_constraint(op.f("ck_models_price"), "models", "price_cents > 0")
