"""key of payments

Revision ID: 0010
Revises: 0008
"""

from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("pk_payments"), "payments", type_="primary")
    op.create_primary_key(op.f("pk_payments"), "payments", ["id"])
    op.create_index(op.f("ix_payments_rental_id"), "payments", ["rental_id"], unique=False)
