-- Orders get their numbers from an identity, from the next free one on.
ALTER TABLE orders ALTER COLUMN id SET GENERATED ALWAYS;
