INSERT INTO users (email, country, seen, "Score") VALUES ('new@example.org', 'FR', now(), 2);
SELECT 1 / count(*) FROM users WHERE country IS NOT NULL HAVING count(*) = count(country);
