ALTER TYPE colour RENAME VALUE 'rde' TO 'red';
