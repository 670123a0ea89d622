UPDATE roles SET note = 'everything', rank = rank + 10 WHERE name = 'admin';
UPDATE roles SET note = 'nothing' WHERE id IN (2, 4);
