SET TimeZone = 'Europe/Vienna';
INSERT INTO contacts (user_id, kind, at, code, doc) SELECT u."Id", 'home', u.at, g.code, '{"a": 1}' FROM groups AS g JOIN "Users" AS u ON g.id = u."group" WHERE g.code <> 'g0';
