SET search_path = shop, public;
DO $$ BEGIN
    CREATE TYPE mood AS ENUM ('good', 'bad');
EXCEPTION WHEN duplicate_object OR duplicate_table THEN null;
END $$;
DO $$ BEGIN
    CREATE TYPE size AS ENUM ('s', 'l');
EXCEPTION WHEN duplicate_object THEN null;
END $$;
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = to_regclass('users') AND a.attname = 'mood' AND NOT a.attisdropped
    ) THEN
        ALTER TABLE users ADD COLUMN IF NOT EXISTS mood mood;
        ALTER TABLE users ADD COLUMN size size;
    ELSIF EXISTS (SELECT 1 FROM pg_type WHERE typname = 'mood') THEN
        ALTER TABLE users DROP COLUMN email;
    END IF;
    IF EXISTS (SELECT 1 FROM information_schema.columns
               WHERE table_schema = 'shop' AND table_name = 'users' AND column_name = 'mood')
        AND NOT EXISTS (SELECT 1 FROM pg_indexes WHERE indexname = 'users_mood') THEN
        CREATE INDEX users_mood ON users (mood);
    END IF;
END $$;
