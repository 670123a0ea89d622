ALTER TABLE users ADD COLUMN land text;
UPDATE users SET land = 'of ' || city;
CREATE STATISTICS lands (mcv) ON land, city FROM users;
