CREATE TABLE users (id bigint PRIMARY KEY, email text, city text DEFAULT 'Ulm');
INSERT INTO users VALUES (1, 'a', 'Ulm'), (2, 'b', 'Bonn');
CREATE MATERIALIZED VIEW cities AS SELECT city, count(*) AS n FROM users GROUP BY city;
CREATE UNIQUE INDEX cities_city ON cities (city);
