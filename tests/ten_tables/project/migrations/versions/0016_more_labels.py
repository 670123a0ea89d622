"""more labels

Revision ID: 0016
Revises: 0015
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE bike_state ADD VALUE 'lost'")
    op.execute("ALTER TYPE bike_state ADD VALUE IF NOT EXISTS 'reserved' BEFORE 'rented'")
    op.execute("ALTER TYPE tier ADD VALUE 'gold' AFTER 'plus'")
    op.execute("ALTER TYPE bike_state ADD VALUE IF NOT EXISTS 'free'")
