UPDATE docs SET doc = '{"a": 2}', amount = 1.50 WHERE id > 5;
