CREATE TABLE member (id bigint PRIMARY KEY, mail text NOT NULL);
INSERT INTO member SELECT g, 'm' || g FROM generate_series(1, 50) AS g;
