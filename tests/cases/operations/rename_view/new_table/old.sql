SELECT id FROM people;
