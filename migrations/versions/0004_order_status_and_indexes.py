"""Status of an order; indexes, without stopping writes

Revision ID: 0004
Revises: 0003
Create Date: 2025-09-22 16:48:51
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "orders", sa.Column("status", sa.String(20), server_default="new", nullable=False)
    )
    op.execute("UPDATE orders SET status = 'shipped' WHERE ordered_at < now() - interval '14 days'")
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_orders_status", "orders", ["status"], postgresql_concurrently=True
        )
        op.create_index("ix_users_email", "users", ["email"], postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_users_email", "users", postgresql_concurrently=True)
        op.drop_index("ix_orders_status", "orders", postgresql_concurrently=True)
    op.drop_column("orders", "status")
