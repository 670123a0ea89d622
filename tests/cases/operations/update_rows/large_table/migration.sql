UPDATE users AS u SET nickname = 'first' WHERE u.id IN (1, 2, 3) AND nickname IS NOT NULL;
