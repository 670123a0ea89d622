CREATE TABLE users (id bigint PRIMARY KEY, city text);
INSERT INTO users VALUES (1, 'Ulm'), (2, 'Bonn');
CREATE MATERIALIZED VIEW cities AS SELECT city, count(*) AS n FROM users GROUP BY city;
CREATE UNIQUE INDEX cities_city ON cities (city);
CREATE INDEX "Cities N" ON cities (n) WHERE n > 0;
