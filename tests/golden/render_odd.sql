-- Plan 0007_new_email, for PostgreSQL 17; can be rolled back at every step.
-- rename users.email to new_email (migrations/versions/0007_new_email.py:17:5)
-- For reading: `zdm execute` adds checks, retries, batches and a journal.

-- EXPAND --------------------------------------------------------------------

-- Step 1: a | b <script>
-- DROP TABLE users; --
-- Why: a | b <script>
-- DROP TABLE users; --
-- Lock: ACCESS EXCLUSIVE on users
-- Cost: no scan, no rewrite
-- Works afterwards: old
BEGIN;
SET LOCAL lock_timeout = '200ms';
SET LOCAL statement_timeout = '15000ms';
SELECT pg_catalog.set_config('search_path',  E'it''s, \\here', true);
SELECT '```', $$
````
$$;
COMMIT;
-- Undo:
--   DROP TRIGGER "zzz_zdm_users_sync" ON "public"."users";
--   DROP FUNCTION "public"."zdm_users_sync"();
--   ALTER TABLE "public"."users" DROP COLUMN "new_email";
