-- A shop whose next release changes it in twenty ways. `zdm snapshot -o schema.json` of it, on
-- PostgreSQL 18, is the file beside this one.
CREATE TABLE users (
    id integer PRIMARY KEY,
    email varchar(255) NOT NULL,
    name varchar(255) NOT NULL,
    nickname text,
    legacy_code text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE products (
    id integer PRIMARY KEY,
    name varchar(100) NOT NULL,
    description text,
    price numeric(10, 2) NOT NULL,
    weight integer,
    CONSTRAINT products_price_check CHECK (price >= 0)
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    user_id integer NOT NULL CONSTRAINT orders_user_id_fkey REFERENCES users (id),
    product_id integer NOT NULL,
    quantity integer NOT NULL DEFAULT 1,
    status text NOT NULL DEFAULT 'open',
    note text
);
CREATE INDEX ix_orders_user_id ON orders (user_id);
CREATE TABLE visits (id bigint PRIMARY KEY, page text NOT NULL, seen_at timestamptz);
CREATE TABLE carts (id bigint PRIMARY KEY, status text);
CREATE TABLE payments (id bigint PRIMARY KEY, amount numeric(8, 2) NOT NULL, payload json);
CREATE TYPE parcel_state AS ENUM ('packed', 'sent', 'delivered');
CREATE TABLE parcels (id bigint PRIMARY KEY, state parcel_state NOT NULL, address text);
CREATE VIEW visited AS SELECT page FROM visits;
