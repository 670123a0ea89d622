SELECT id, name FROM users; SELECT id FROM audit;
