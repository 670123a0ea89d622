MERGE INTO users USING orgs ON orgs.id = users.org_id WHEN MATCHED THEN DELETE;
