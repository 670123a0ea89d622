CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);
CREATE TABLE accounts (id bigint GENERATED ALWAYS AS IDENTITY, owner bigint NOT NULL);
CREATE UNIQUE INDEX accounts_owner ON accounts (owner);
ALTER TABLE accounts REPLICA IDENTITY USING INDEX accounts_owner;
CREATE TABLE events (id bigint NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE par (a text NOT NULL);
CREATE TABLE chi () INHERITS (par);
