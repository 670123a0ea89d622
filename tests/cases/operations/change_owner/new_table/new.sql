INSERT INTO users (email) VALUES ('more@example.org');
SELECT id, email FROM users WHERE id = 2;
INSERT INTO "Odd" (said) VALUES ('x');
SELECT id FROM heard;
