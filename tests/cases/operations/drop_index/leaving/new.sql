DELETE FROM surveys WHERE id > 200;
INSERT INTO surveys (id, title) VALUES (201, 'new'), (202, 'new');
