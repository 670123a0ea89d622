CREATE TYPE mood_new AS ENUM ('sad', 'ok', 'glad', 'happy');
ALTER TABLE users ALTER COLUMN mood DROP DEFAULT;
ALTER TABLE users ALTER COLUMN mood TYPE mood_new USING mood::text::mood_new;
DROP TYPE mood;
ALTER TYPE mood_new RENAME TO mood;
