DELETE FROM users USING orgs WHERE orgs.id = users.org_id;
