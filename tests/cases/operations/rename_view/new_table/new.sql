SELECT id FROM persons;
SELECT id FROM most;
