SET lock_timeout = '2s';
ALTER VIEW names RENAME COLUMN name TO full_name;
