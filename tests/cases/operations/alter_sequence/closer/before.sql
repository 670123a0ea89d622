CREATE TABLE orders (id bigserial PRIMARY KEY, note text);
ALTER SEQUENCE orders_id_seq INCREMENT BY 50;
INSERT INTO orders (note) SELECT 'n' FROM generate_series(1, 20);
CREATE SEQUENCE tickets MAXVALUE 100000 CYCLE;
SELECT nextval('tickets');
