UPDATE servers SET url = 'new' WHERE id = 2;
SELECT revision FROM config WHERE name = 'servers';
