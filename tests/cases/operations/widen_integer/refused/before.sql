CREATE TABLE items (
    id serial PRIMARY KEY,
    amount integer NOT NULL,
    twice integer GENERATED ALWAYS AS (amount * 2) STORED
);
CREATE VIEW item_ids AS SELECT id FROM items;
CREATE TABLE logs (id integer, day date) PARTITION BY RANGE (day);
CREATE TABLE logs_1 PARTITION OF logs DEFAULT;
