-- The payload becomes jsonb, and keeps its name.
ALTER TABLE events ALTER COLUMN payload TYPE jsonb USING payload::jsonb;
