INSERT INTO users (email) VALUES ('more@example.org');
SELECT id, email FROM users WHERE id = 2;
SELECT 'ok'::mood, 3::positive, nextval('counted'), twice(2), once(), n FROM many;
CALL nothing();
SELECT thrice(2);
