SET lock_timeout = '2s';
ALTER TABLE sizes ALTER COLUMN v SET EXPRESSION AS (a + 2);
