-- PostgreSQL refuses every UPDATE of a published table without a replica identity.
CREATE TABLE users (id bigint, email text);
INSERT INTO users SELECT g, g || '@example.org' FROM generate_series(1, 50) AS g;
CREATE PUBLICATION changes FOR TABLE users;
