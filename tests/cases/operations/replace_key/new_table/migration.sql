CREATE TABLE shop (id bigint, code bigint NOT NULL, CONSTRAINT shop_key UNIQUE (id));
ALTER TABLE shop DROP CONSTRAINT shop_key;
ALTER TABLE shop ADD CONSTRAINT shop_key UNIQUE (id, code);
