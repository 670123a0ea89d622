-- The new key refuses all that the old one refuses; its index cannot be built before the old version is gone.
CREATE TABLE member (id bigint PRIMARY KEY, mail text NOT NULL, shop text NOT NULL, CONSTRAINT member_key UNIQUE (mail, shop));
INSERT INTO member SELECT g, 'm' || g, 's' FROM generate_series(1, 50) AS g;
