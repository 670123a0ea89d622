-- The other unique index refuses all that this one refuses.
CREATE TABLE member (id bigint PRIMARY KEY, mail text NOT NULL, shop text NOT NULL);
CREATE UNIQUE INDEX member_mail_key ON member (mail);
CREATE UNIQUE INDEX member_mail_shop_key ON member (mail, shop);
INSERT INTO member SELECT g, g, g FROM generate_series(1, 50) AS g;
