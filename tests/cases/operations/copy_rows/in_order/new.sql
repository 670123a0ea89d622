UPDATE names SET name = 'new' WHERE id = 1;
SELECT theme FROM themes;
