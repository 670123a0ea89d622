"""The shop, version 2: SQLAlchemy models; a user's address is `new_email`."""

import os

from models import Order, User
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, joinedload
from web import Answer, serve

engine = create_engine(
    make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg"),
    pool_size=4,
    max_overflow=0,
    connect_args={"prepare_threshold": 2},  # prepared from the third use
)


def read_user(user: int) -> Answer:
    with Session(engine) as session:
        found = session.get(User, user)
        if found is None:
            return 404, {"error": "no such user"}
        fields = {"id": found.id, "email": found.new_email, "name": found.name}
        return 200, {**fields, "version": "v2"}


def add_user(email: str, name: str) -> Answer:
    with Session(engine) as session:
        user = User(new_email=email, name=name)
        session.add(user)
        session.flush()
        answer = {"id": user.id, "created_at": user.created_at.isoformat()}
        session.commit()
        return 201, answer


def change_email(user: int, email: str) -> Answer:
    return _change(user, "new_email", email)


def change_name(user: int, name: str) -> Answer:
    return _change(user, "name", name)


def _change(user: int, attribute: str, value: str) -> Answer:
    with Session(engine) as session:
        found = session.get(User, user)
        if found is None:
            return 200, {"updated": 0}
        setattr(found, attribute, value)
        session.commit()
        return 200, {"updated": 1}


def find_users(email: str) -> Answer:
    query = select(User.id, User.name).where(User.new_email == email).order_by(User.id)
    with Session(engine) as session:
        return 200, [{"id": id, "name": name} for id, name in session.execute(query)]


def add_order(user: int, product: int, quantity: int) -> Answer:
    with Session(engine) as session:
        order = Order(user_id=user, product_id=product, quantity=quantity)
        session.add(order)
        session.flush()
        answer = {"id": order.id}
        session.commit()
        return 201, answer


def list_orders(user: int) -> Answer:
    query = (
        select(Order)
        .where(Order.user_id == user)
        .options(joinedload(Order.product))
        .order_by(Order.id)
    )
    with Session(engine) as session:
        return 200, [
            {"id": o.id, "product": o.product.name, "quantity": o.quantity, "status": o.status}
            for o in session.scalars(query)
        ]


def is_healthy() -> bool:
    with engine.connect() as connection:
        return connection.scalar(text("SELECT 1")) == 1


if __name__ == "__main__":
    serve(
        [
            ("GET", r"/users/(\d+)", read_user),
            ("POST", r"/users", add_user),
            ("PUT", r"/users/(\d+)/email", change_email),
            ("PUT", r"/users/(\d+)/name", change_name),
            ("POST", r"/users/find", find_users),
            ("POST", r"/users/(\d+)/orders", add_order),
            ("GET", r"/users/(\d+)/orders", list_orders),
        ],
        is_healthy,
    )
