ALTER TYPE status RENAME TO status_old;
CREATE TYPE status AS ENUM ('open', 'paid', 'refunded');
ALTER TABLE orders ALTER COLUMN status DROP DEFAULT;
ALTER TABLE orders ALTER COLUMN status TYPE status USING status::text::status;
ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'open';
DROP TYPE status_old;
