ALTER TABLE users ADD COLUMN land text;
UPDATE users SET land = 'of ' || city;
ANALYZE users (land);
DELETE FROM users WHERE team = 'team4';
VACUUM (ANALYZE) users;
REINDEX TABLE CONCURRENTLY users;
