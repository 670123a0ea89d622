CREATE TABLE customers (id bigint PRIMARY KEY);
INSERT INTO customers VALUES (1);
CREATE TABLE events (id bigint, at date, customer_id bigint REFERENCES customers (id), CONSTRAINT events_id CHECK (id > 0)) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events DEFAULT;
INSERT INTO events VALUES (1, '2024-01-01', 1);
