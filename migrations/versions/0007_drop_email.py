"""Every user has the new address, and nothing reads users.email any more

Revision ID: 0007
Revises: 0006
Create Date: 2026-03-04 15:02:58
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("users", "new_email", nullable=False)
    op.drop_column("users", "email")


def downgrade() -> None:
    op.add_column("users", sa.Column("email", sa.String(255), nullable=True))
    op.execute("UPDATE users SET email = new_email")
    op.alter_column("users", "email", nullable=False)
    op.create_index("ix_users_email", "users", ["email"])
    op.alter_column("users", "new_email", nullable=True)
