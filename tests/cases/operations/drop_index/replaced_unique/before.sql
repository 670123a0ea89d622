-- The new one refuses all that the old one refuses, and ON CONFLICT of each version needs its own.
CREATE TABLE member (id bigint PRIMARY KEY, mail text NOT NULL, shop text NOT NULL);
CREATE UNIQUE INDEX member_key ON member (mail, shop);
INSERT INTO member SELECT g, 'm' || g, 's' FROM generate_series(1, 50) AS g;
