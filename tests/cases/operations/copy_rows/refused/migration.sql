INSERT INTO totals SELECT role, count(*) FROM users GROUP BY role;
INSERT INTO log (user_id, note) SELECT id, 'moved' FROM users;
INSERT INTO audited SELECT id FROM users;
INSERT INTO users SELECT id + 1000000, email, name, role FROM users;
INSERT INTO log SELECT l.* FROM users AS u JOIN log AS l ON l.user_id = u.id;
INSERT INTO audited SELECT id FROM events;
INSERT INTO totals (role) SELECT email FROM users WHERE id < random();
