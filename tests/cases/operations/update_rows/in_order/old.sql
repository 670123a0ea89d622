UPDATE roles SET note = 'old' WHERE id = 2;
SELECT note FROM roles;
