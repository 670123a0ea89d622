UPDATE parts SET whole = 2 WHERE id = 9;
