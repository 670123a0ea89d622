"""The shop, version 1: plain SQL over a psycopg pool; a user's address is `email`."""

import os
from typing import Any

from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool
from web import Answer, serve

pool = ConnectionPool(
    os.environ["DATABASE_URL"],
    min_size=1,
    max_size=4,
    open=False,
    kwargs={"row_factory": dict_row, "prepare_threshold": 2},  # prepared from the third use
)


def fetch(sql: str, *parameters: object) -> list[dict[str, Any]]:
    with pool.connection() as connection:
        return connection.execute(sql, parameters).fetchall()


def write(sql: str, *parameters: object) -> int:
    with pool.connection() as connection:
        return connection.execute(sql, parameters).rowcount


def read_user(user: int) -> Answer:
    rows = fetch("SELECT id, email, name FROM users WHERE id = %s", user)
    return (200, {**rows[0], "version": "v1"}) if rows else (404, {"error": "no such user"})


def add_user(email: str, name: str) -> Answer:
    rows = fetch(
        "INSERT INTO users (email, name) VALUES (%s, %s) RETURNING id, created_at", email, name
    )
    return 201, {"id": rows[0]["id"], "created_at": rows[0]["created_at"].isoformat()}


def change_email(user: int, email: str) -> Answer:
    return 200, {"updated": write("UPDATE users SET email = %s WHERE id = %s", email, user)}


def change_name(user: int, name: str) -> Answer:
    return 200, {"updated": write("UPDATE users SET name = %s WHERE id = %s", name, user)}


def find_users(email: str) -> Answer:
    return 200, fetch("SELECT id, name FROM users WHERE email = %s ORDER BY id", email)


def add_order(user: int, product: int, quantity: int) -> Answer:
    sql = "INSERT INTO orders (user_id, product_id, quantity) VALUES (%s, %s, %s) RETURNING id"
    return 201, fetch(sql, user, product, quantity)[0]


def list_orders(user: int) -> Answer:
    sql = """
        SELECT o.id, p.name AS product, o.quantity, o.status
        FROM orders o JOIN products p ON p.id = o.product_id
        WHERE o.user_id = %s ORDER BY o.id
    """
    return 200, fetch(sql, user)


def is_healthy() -> bool:
    return bool(fetch("SELECT 1 AS one"))


if __name__ == "__main__":
    with pool:
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
