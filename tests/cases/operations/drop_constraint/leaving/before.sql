CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE cards (id int PRIMARY KEY, code text UNIQUE, holder int NOT NULL,
    CONSTRAINT cards_holder_fkey FOREIGN KEY (holder) REFERENCES people (id) ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE visits (id int PRIMARY KEY, card int NOT NULL,
    CONSTRAINT visits_card_fkey FOREIGN KEY (card) REFERENCES cards (id) ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO people SELECT i, 'p' || i FROM generate_series(1, 9) AS i;
INSERT INTO cards SELECT i, 'c' || i, i FROM generate_series(1, 9) AS i;
INSERT INTO visits SELECT i, 1 + i % 9 FROM generate_series(1, 20) AS i;
