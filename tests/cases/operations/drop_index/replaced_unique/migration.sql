DROP INDEX member_key;
CREATE UNIQUE INDEX member_key ON member (mail) INCLUDE (shop);
