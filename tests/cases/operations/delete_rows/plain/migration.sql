DELETE FROM roles WHERE name IN ('guest', 'visitor');
