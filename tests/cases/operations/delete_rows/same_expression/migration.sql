DELETE FROM subscribers AS a
WHERE EXISTS (SELECT 1 FROM subscribers AS b WHERE lower(b.email) = lower(a.email) AND b.id < a.id);
CREATE UNIQUE INDEX subscribers_email ON subscribers (lower(email));
