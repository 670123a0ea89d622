INSERT INTO fresh (id) SELECT count(*) FROM fresh;
