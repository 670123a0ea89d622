CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint, at timestamp DEFAULT localtimestamp);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN INSERT INTO public.log (user_id) VALUES (NEW.id); RETURN NULL; END';

CREATE TABLE orders (id bigint, user_id bigint, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (1) TO (1000);
CREATE TABLE orders_2 PARTITION OF orders FOR VALUES FROM (1000) TO (2000);
INSERT INTO orders SELECT n, n FROM generate_series(1, 30) AS n;
