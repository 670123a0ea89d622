CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;

CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint, at timestamp DEFAULT localtimestamp);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN INSERT INTO public.log (user_id) VALUES (NEW.id); RETURN NULL; END';
CREATE TRIGGER noted AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION note();

CREATE TABLE orders (id bigint, user_id bigint, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (1) TO (1000);
CREATE TRIGGER noted AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note();
