-- A constraint takes the name; the old index stays until its own is built.
CREATE TABLE member (id bigint PRIMARY KEY, mail text NOT NULL);
CREATE INDEX member_mail ON member (mail);
INSERT INTO member SELECT g, 'm' || g FROM generate_series(1, 50) AS g;
