-- A value is replaced by another: the CHECK has the same name afterwards.
CREATE TABLE orders (id bigserial PRIMARY KEY, state text NOT NULL,
    CONSTRAINT known CHECK (state IN ('open', 'closed')));
INSERT INTO orders (state) SELECT CASE WHEN n % 2 = 0 THEN 'open' ELSE 'closed' END FROM generate_series(1, 30) AS n;
