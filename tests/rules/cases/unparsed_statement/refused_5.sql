UPDATE users SET name = fix(name) WHERE id = 3;
