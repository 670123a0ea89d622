"""text and enum

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bikes", sa.Column("status", sa.Text(), nullable=True))
    op.execute("UPDATE bikes SET status = state::text")
    op.alter_column("bikes", "status", existing_type=sa.Text(), nullable=False)
    op.drop_index("ix_bikes_free", table_name="bikes")
    op.drop_column("bikes", "state")
    postgresql.ENUM("news", "bill", "alert", name="message_kind").create(op.get_bind())
    op.add_column(
        "messages",
        sa.Column(
            "topic",
            postgresql.ENUM("news", "bill", "alert", name="message_kind", create_type=False),
        ),
    )
    op.execute("UPDATE messages SET topic = kind::message_kind")
    op.alter_column("messages", "topic", nullable=False)
    op.drop_column("messages", "kind")
