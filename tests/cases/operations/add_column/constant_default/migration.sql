ALTER TABLE users ADD COLUMN active boolean DEFAULT true NOT NULL, ADD COLUMN seen timestamptz NOT NULL DEFAULT now();
