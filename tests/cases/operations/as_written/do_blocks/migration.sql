DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM users) THEN
        ALTER TABLE users ADD COLUMN a int;
    END IF;
END $$;
DO $$ DECLARE wanted text := 'users'; BEGIN
    EXECUTE format('ALTER TABLE %I ADD COLUMN b int', wanted);
END $$;
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = 'missing'::regclass AND attname = 'c') THEN
        ALTER TABLE users ADD COLUMN c int;
    END IF;
END $$;
DO $$ BEGIN
    ALTER TABLE users ADD COLUMN email text;
EXCEPTION WHEN duplicate_object THEN null;
END $$;
DO $$ BEGIN
    ALTER TABLE users ADD COLUMN d int;
    ALTER TABLE users ADD COLUMN e int;
EXCEPTION WHEN duplicate_column THEN null;
END $$;
DO $$ BEGIN
    IF NOT EXISTS (SELECT count(*) FROM pg_constraint WHERE conname = 'k') THEN
        ALTER TABLE users ADD COLUMN f int;
    END IF;
END $$;
DO $$ BEGIN
    FOR i IN 1..2 LOOP
        ALTER TABLE users ADD COLUMN g int;
    END LOOP;
END $$;
DO ' BEGIN ALTER TABLE users ALTER email SET DEFAULT ''x''; END ';
