CREATE TABLE shops (id bigint PRIMARY KEY);
INSERT INTO shops VALUES (1);
CREATE TABLE orders (id bigserial PRIMARY KEY, total int);
INSERT INTO orders (total) SELECT generate_series(1, 30);
