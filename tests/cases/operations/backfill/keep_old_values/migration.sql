-- zdm: keep old values
UPDATE users SET email = lower(email), nickname = 'user ' || lpad(id::text, 4, '0');
