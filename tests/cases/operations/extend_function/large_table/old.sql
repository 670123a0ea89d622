INSERT INTO users (email) VALUES ('old@example.org');
UPDATE users SET email = 'changed@example.org' WHERE id = 1;
SELECT id, email, nickname FROM users WHERE id = 2;
SELECT label(2), label(2, '*'), label(wanted => 3), label(3, mark => '+');
