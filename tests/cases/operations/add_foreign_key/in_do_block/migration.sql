DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'users_team') THEN
        ALTER TABLE "Users" DROP CONSTRAINT users_team;
    END IF;
    IF NOT EXISTS (SELECT FROM information_schema.table_constraints
                   WHERE constraint_name = 'users_team' AND table_name = 'Users'
                     AND table_schema = current_schema()) THEN
        ALTER TABLE "Users" ADD CONSTRAINT users_team_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE;
    ELSE
        RAISE NOTICE 'it is there';
    END IF;
END $$;
DO $body$ BEGIN
    ALTER TABLE notes ADD CONSTRAINT notes_user_fkey FOREIGN KEY (user_id) REFERENCES "Users" (id);
EXCEPTION
    WHEN duplicate_object THEN null;
END $body$;
DO $$ BEGIN
    ALTER TABLE "Users" ADD CONSTRAINT users_team_fkey FOREIGN KEY (team_id) REFERENCES teams (id);
EXCEPTION WHEN duplicate_object THEN NULL; END $$;
