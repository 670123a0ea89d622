DROP INDEX surveys_share_key;
ALTER TABLE surveys DROP COLUMN share_key;
