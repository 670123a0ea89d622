-- Plan 0007_new_email, for PostgreSQL 17; can be rolled back until step 5.
-- rename users.email to new_email (migrations/versions/0007_new_email.py:17:5)
-- For reading: `zdm execute` adds checks, retries, batches and a journal.

-- EXPAND --------------------------------------------------------------------

-- Step 1: add users.new_email and keep it in step with email
-- Why: both versions write, so a trigger keeps the columns equal
-- Lock: ACCESS EXCLUSIVE on users
-- Cost: no scan, no rewrite
-- Works afterwards: old
BEGIN;
SET LOCAL lock_timeout = '200ms';
SET LOCAL statement_timeout = '15000ms';
SELECT pg_catalog.set_config('search_path', 'public', true);
ALTER TABLE "public"."users" ADD COLUMN "new_email" text;
CREATE FUNCTION "public"."zdm_users_sync"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."new_email" := NEW."email";  
  RETURN NEW;
END
$$;
CREATE TRIGGER "zzz_zdm_users_sync" BEFORE INSERT OR UPDATE ON "public"."users"
FOR EACH ROW EXECUTE FUNCTION "public"."zdm_users_sync"();
COMMIT;
-- Undo:
--   DROP TRIGGER "zzz_zdm_users_sync" ON "public"."users";
--   DROP FUNCTION "public"."zdm_users_sync"();
--   ALTER TABLE "public"."users" DROP COLUMN "new_email";

-- BACKFILL ------------------------------------------------------------------

-- Step 2: fill users.new_email from email
-- Why: rows from before the trigger
-- Lock: ROW EXCLUSIVE on users
-- Cost: 200,000 rows, 45 MB written, about 124 MB WAL, reads the whole table
-- Works afterwards: old
-- In batches by id, each in its own transaction; together they do:
UPDATE "public"."users"
SET "new_email" = "email"
WHERE "new_email" IS DISTINCT FROM "email";

-- VALIDATE ------------------------------------------------------------------

-- Step 3: build ix_users_email again on new_email
-- Why: queries of the new version need it
-- Lock: SHARE UPDATE EXCLUSIVE on users
-- Cost: 200,000 rows, 6.3 MB written, about 6.3 MB WAL, reads the whole table
-- Works afterwards: old and new
SET lock_timeout = '0ms';
SET statement_timeout = '0ms';
CREATE INDEX CONCURRENTLY "zdm_ix_users_email" ON "public"."users" ("new_email");
-- Undo:
--   DROP INDEX CONCURRENTLY "public"."zdm_ix_users_email";

-- ROLLOUT -------------------------------------------------------------------

-- Step 4: deploy the new version, wait until the old one is gone
-- Why: the old version still reads email
-- Works afterwards: new

-- CONTRACT ------------------------------------------------------------------

-- Point of no return: from here on there is no rollback.

-- Step 5: stop keeping email in step
-- Why: no old version is left
-- Lock: ACCESS EXCLUSIVE on users
-- Cost: no scan, no rewrite
-- Works afterwards: new
BEGIN;
SET LOCAL lock_timeout = '200ms';
SET LOCAL statement_timeout = '15000ms';
DROP TRIGGER "zzz_zdm_users_sync" ON "public"."users";
DROP FUNCTION "public"."zdm_users_sync"();
COMMIT;
-- Undo: cannot be undone: rows written from here on have no value in email

-- DROP ----------------------------------------------------------------------

-- Step 6: drop users.email
-- Why: nobody reads it any more
-- Lock: ACCESS EXCLUSIVE on users
-- Cost: no scan, no rewrite
-- Works afterwards: new
BEGIN;
SET LOCAL lock_timeout = '200ms';
SET LOCAL statement_timeout = '15000ms';
ALTER TABLE "public"."users" DROP COLUMN "email";
COMMIT;
-- Undo: cannot be undone: the column's values are gone
