UPDATE profiles SET bio = 'new' WHERE id = 4;
