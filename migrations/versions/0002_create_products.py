"""Products, with those the shop opened with

Revision ID: 0002
Revises: 0001
Create Date: 2025-02-17 14:30:02
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


PRODUCTS = [
    ("Teapot", "24.90"),
    ("Tea towel", "6.50"),
    ("Kettle", "49.00"),
    ("Mug", "8.95"),
    ("Strainer", "4.20"),
]


def upgrade() -> None:
    products = op.create_table(
        "products",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("price", sa.Numeric(10, 2), nullable=False),
        sa.UniqueConstraint("name", name="products_name_key"),
        sa.CheckConstraint("price >= 0", name="products_price_check"),
    )
    op.bulk_insert(products, [{"name": name, "price": price} for name, price in PRODUCTS])


def downgrade() -> None:
    op.drop_table("products")
