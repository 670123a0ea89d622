DELETE FROM users WHERE id = fix_all();
