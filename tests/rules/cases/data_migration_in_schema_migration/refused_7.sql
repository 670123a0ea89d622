DELETE FROM users USING orgs WHERE orgs.id = 7;
