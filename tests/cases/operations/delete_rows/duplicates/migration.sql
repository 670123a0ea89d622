DELETE FROM subscribers AS a USING subscribers AS b WHERE a.email = b.email AND a.id > b.id;
CREATE UNIQUE INDEX subscribers_email ON subscribers (email);
