DO $$ BEGIN CREATE ROLE reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE admin; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT admin TO reader;
GRANT SELECT ON users TO reader;
GRANT SELECT ON orgs TO admin;
