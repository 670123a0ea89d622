ALTER TABLE notes ADD FOREIGN KEY (person_id) REFERENCES people (id);
