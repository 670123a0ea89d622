INSERT INTO fresh SELECT count(*), 'red' FROM fresh;
