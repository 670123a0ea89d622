ALTER TABLE users RENAME COLUMN country TO country_code;
