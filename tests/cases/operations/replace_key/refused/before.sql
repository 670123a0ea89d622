CREATE TABLE member (id bigint PRIMARY KEY, mail text NOT NULL, shop text NOT NULL, CONSTRAINT member_key UNIQUE (mail));
CREATE TABLE note (id bigint PRIMARY KEY, member bigint);
CREATE TABLE line (id int NOT NULL, n int NOT NULL, CONSTRAINT line_key UNIQUE (id, n));
ALTER TABLE line REPLICA IDENTITY USING INDEX line_key;
