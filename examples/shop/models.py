"""The shop's tables as version 2 maps them; `migrations/env.py` compares them too."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import DateTime, ForeignKey, Numeric, String, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """All tables of the shop."""


class User(Base):
    """A customer."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=text("now()")
    )
    new_email: Mapped[str] = mapped_column(String(255), index=True)
    orders: Mapped[list["Order"]] = relationship(back_populates="user", order_by="Order.id")


class Product(Base):
    """A thing to buy."""

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    description: Mapped[str | None] = mapped_column(Text)
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))


class Order(Base):
    """One product, ordered by one customer."""

    __tablename__ = "orders"
    __table_args__ = ({"comment": "One line per product; never deleted"},)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    quantity: Mapped[int] = mapped_column(server_default=text("1"))
    status: Mapped[str] = mapped_column(String(20), server_default="new", index=True)
    ordered_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=text("now()")
    )
    user: Mapped[User] = relationship(back_populates="orders")
    product: Mapped[Product] = relationship()
