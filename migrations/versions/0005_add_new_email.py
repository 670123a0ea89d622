"""A user's address gets its own column for the new mailer

Revision ID: 0005
Revises: 0004
Create Date: 2026-03-02 10:20:07
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("new_email", sa.String(255), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "new_email")
