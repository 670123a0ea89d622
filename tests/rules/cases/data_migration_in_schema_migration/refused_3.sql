INSERT INTO orgs SELECT org_id FROM users;
