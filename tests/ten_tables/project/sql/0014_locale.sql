-- zdm: default locale = 'de' -- nobody has chosen one so far
ALTER TABLE customers ADD COLUMN locale text NOT NULL;
