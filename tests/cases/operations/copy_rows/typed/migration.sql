CREATE TABLE contacts (at timestamp(0) NOT NULL, user_id uuid NOT NULL, kind kind NOT NULL, code varchar(4) COLLATE "POSIX", doc jsonb, PRIMARY KEY (user_id, kind, at, code));
SET TimeZone = 'Europe/Vienna';
INSERT INTO contacts (user_id, kind, at, code, doc) SELECT u."Id", 'home', u.at, g.code, '{"a": 1}' FROM groups AS g JOIN "Users" AS u ON g.id = u."group" WHERE g.code <> 'g0';
