"""Fill it with the addresses we have; it is looked up as the old one was

Revision ID: 0006
Revises: 0005
Create Date: 2026-03-02 10:41:33
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE users SET new_email = email")
    op.create_index("ix_users_new_email", "users", ["new_email"])


def downgrade() -> None:
    op.drop_index("ix_users_new_email", "users")
    op.execute("UPDATE users SET new_email = NULL")
