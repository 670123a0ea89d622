CREATE TABLE member (id bigint PRIMARY KEY, mail text NOT NULL, shop text NOT NULL);
CREATE UNIQUE INDEX mail_shop_key ON member (mail, shop);
CREATE UNIQUE INDEX shop_id_key ON member (shop, id);
INSERT INTO member SELECT g, g, g FROM generate_series(1, 50) AS g;
