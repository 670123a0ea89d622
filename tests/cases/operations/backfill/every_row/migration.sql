UPDATE users SET email = lower(email), nickname = coalesce(nickname, 'none');
