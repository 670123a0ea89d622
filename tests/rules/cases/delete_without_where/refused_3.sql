DELETE FROM users USING orgs;
