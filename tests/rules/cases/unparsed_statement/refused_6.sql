INSERT INTO orgs (id) VALUES (fix_all());
