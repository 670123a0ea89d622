ALTER TABLE visits DROP CONSTRAINT visits_card_fkey;
ALTER TABLE cards DROP CONSTRAINT cards_holder_fkey;
ALTER TABLE cards DROP CONSTRAINT cards_code_key;
DROP TABLE visits;
ALTER TABLE cards DROP COLUMN holder, DROP COLUMN code;
