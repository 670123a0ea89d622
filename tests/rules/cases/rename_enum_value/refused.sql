ALTER TYPE mood RENAME VALUE 'good' TO 'fine';
