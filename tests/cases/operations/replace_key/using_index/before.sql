-- The author's index is there already.
CREATE TABLE member (id bigint PRIMARY KEY, mail text NOT NULL, shop text NOT NULL, CONSTRAINT member_key UNIQUE (mail, shop));
CREATE UNIQUE INDEX member_mail ON member (mail);
INSERT INTO member SELECT g, 'm' || g, 's' FROM generate_series(1, 50) AS g;
