DROP INDEX mail_shop_key;
DROP INDEX shop_id_key;
ALTER TABLE member ADD CONSTRAINT member_mail UNIQUE (mail);
CREATE UNIQUE INDEX shop_and_id ON member (id, shop);
