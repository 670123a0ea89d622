ALTER TABLE member DROP CONSTRAINT member_key;
ALTER TABLE member ADD CONSTRAINT member_key UNIQUE (mail) INCLUDE (shop);
