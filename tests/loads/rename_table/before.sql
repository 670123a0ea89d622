CREATE TABLE clients (id bigserial PRIMARY KEY, ref bigint NOT NULL UNIQUE, name text NOT NULL,
    seen int NOT NULL DEFAULT 0);
CREATE TABLE orders (id bigint PRIMARY KEY, client_ref bigint NOT NULL REFERENCES clients (ref));
INSERT INTO clients (ref, name) SELECT g, 'c' || g FROM generate_series(1, :rows) AS g;
CREATE INDEX orders_client_ref_idx ON orders (client_ref);
