UPDATE users SET nickname = lower(email) WHERE nickname IS NULL;
