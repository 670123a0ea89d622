UPDATE counters SET n = n + 1;
UPDATE counters SET n = (random() * 6)::integer;
UPDATE counters SET n = 1 FROM users WHERE users.id = counters.user_id;
UPDATE counters SET n = (SELECT count(*) FROM users);
UPDATE counters SET id = 7 WHERE n = 6;
UPDATE counters SET total = 4;
UPDATE counters SET n = 1 RETURNING n;
UPDATE counters SET missing = 1;
UPDATE events SET id = 4;
