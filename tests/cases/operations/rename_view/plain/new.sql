SELECT id FROM persons;
UPDATE persons SET email = 'e' WHERE id = 1;
