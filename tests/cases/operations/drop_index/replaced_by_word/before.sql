-- The author says that the new version keeps to the old one until the contract.
CREATE TABLE member (id bigint PRIMARY KEY, mail text NOT NULL, shop text NOT NULL);
CREATE UNIQUE INDEX member_key ON member (mail);
INSERT INTO member SELECT g, 'm' || g, 's' FROM generate_series(1, 50) AS g;
