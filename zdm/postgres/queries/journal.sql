-- The journal: all state of all runs. Made, or brought up from an older version, in a
-- transaction of its own; every statement may be run again.
DO $$ BEGIN
    -- IF NOT EXISTS asks for CREATE on the database even where the schema is there
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'zdm') THEN
        CREATE SCHEMA zdm;
    END IF;
END $$;
CREATE TABLE IF NOT EXISTS zdm.journal (version integer PRIMARY KEY);
-- before version 5 it had no key, so where a publication sends all tables no row of it could
-- be updated
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_constraint
                   WHERE conrelid = 'zdm.journal'::regclass AND contype = 'p') THEN
        ALTER TABLE zdm.journal ADD PRIMARY KEY (version);
    END IF;
END $$;
INSERT INTO zdm.journal SELECT 6 WHERE NOT EXISTS (SELECT FROM zdm.journal);
-- before version 3 a backfill had one cursor for each table: it begins again, and changes no
-- row twice
DO $$ BEGIN
    IF (SELECT max(version) FROM zdm.journal) < 3 THEN
        DROP TABLE IF EXISTS zdm.backfill_range;
    END IF;
END $$;
CREATE TABLE IF NOT EXISTS zdm.run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_name text NOT NULL,
    plan_digest text NOT NULL,
    plan text NOT NULL,
    state text NOT NULL,
    epoch integer NOT NULL DEFAULT 1,
    owner text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deployed_at timestamptz,
    soak_since timestamptz,
    point_of_no_return timestamptz,
    finished_at timestamptz
);
-- at most one run is unfinished: a pending contract blocks the next plan
CREATE UNIQUE INDEX IF NOT EXISTS run_unfinished ON zdm.run ((true)) WHERE finished_at IS NULL;
CREATE TABLE IF NOT EXISTS zdm.step (
    run_id bigint NOT NULL REFERENCES zdm.run,
    id text NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'done', 'reverted')),
    attempts integer NOT NULL DEFAULT 1,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at timestamptz,
    PRIMARY KEY (run_id, id)
);
-- attempts that failed; one that succeeded is its step's row
CREATE TABLE IF NOT EXISTS zdm.attempt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES zdm.run,
    step_id text NOT NULL,
    epoch integer NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sqlstate text,
    reason text NOT NULL
);
-- disjoint intervals of a backfill's tables: keys after `lo` up to and including `hi`
CREATE TABLE IF NOT EXISTS zdm.backfill_range (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES zdm.run,
    step_id text NOT NULL,
    relation text NOT NULL,
    key text[] NOT NULL, -- the columns that it is walked by; none: pages
    lo text[],
    hi text[],
    cursor text[],
    state text NOT NULL DEFAULT 'waiting',
    epoch integer NOT NULL, -- of the run; a batch of an older one is rolled back
    worker text,
    size integer, -- of the last batch
    estimate bigint,
    scanned bigint NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT 0,
    wal bigint NOT NULL DEFAULT 0, -- bytes while its batches ran, others' included
    sweeps integer NOT NULL DEFAULT 0, -- above 0: filled again after a verification
    attempts integer NOT NULL DEFAULT 0, -- batches that failed
    last_error text,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- a row that cannot be filled, by its key: in a range of its own, which is `failing`
ALTER TABLE zdm.backfill_range ADD COLUMN IF NOT EXISTS failing_key text;
ALTER TABLE zdm.backfill_range DROP CONSTRAINT IF EXISTS backfill_range_state_check;
ALTER TABLE zdm.backfill_range ADD CONSTRAINT backfill_range_state_check
    CHECK (state IN ('waiting', 'filling', 'filled', 'failing', 'verified'));
CREATE INDEX IF NOT EXISTS backfill_range_of_step ON zdm.backfill_range (run_id, step_id);
-- verifications: whole passes over a relation, and how many rows differed
CREATE TABLE IF NOT EXISTS zdm.backfill_pass (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES zdm.run,
    step_id text NOT NULL,
    relation text NOT NULL,
    epoch integer NOT NULL,
    scanned bigint NOT NULL,
    differing bigint NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lsn pg_lsn NOT NULL
);
-- what a backfill is going to cost, by what its batches measured; above its limit it holds
-- until it is approved
CREATE TABLE IF NOT EXISTS zdm.backfill_cost (
    run_id bigint NOT NULL REFERENCES zdm.run,
    step_id text NOT NULL,
    planned_rows bigint,
    planned_wal bigint,
    expected_rows bigint,
    expected_wal bigint NOT NULL,
    wal_limit bigint,
    holds boolean NOT NULL DEFAULT false,
    approved_by text,
    approved_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, step_id)
);
-- the operator's order to the executor, until it is withdrawn or acknowledged
CREATE TABLE IF NOT EXISTS zdm.request (
    run_id bigint PRIMARY KEY REFERENCES zdm.run,
    kind text NOT NULL CHECK (kind IN ('pause', 'cancel')),
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- what the executor waits for now; no row while it works
CREATE TABLE IF NOT EXISTS zdm.waiting (
    run_id bigint PRIMARY KEY REFERENCES zdm.run,
    gate text NOT NULL,
    reason text NOT NULL,
    names text[] NOT NULL,
    since timestamptz NOT NULL,
    eta timestamptz,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- acts that are no step: sessions ended, orders given and acknowledged
CREATE TABLE IF NOT EXISTS zdm.act (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES zdm.run,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    what text NOT NULL
);
ALTER TABLE zdm.run ADD COLUMN IF NOT EXISTS window_ended_at timestamptz;
ALTER TABLE zdm.run ADD COLUMN IF NOT EXISTS window_ended_by text;
-- the application's versions that the run moves between; `zdm guard` reads them
ALTER TABLE zdm.run ADD COLUMN IF NOT EXISTS old_version text;
ALTER TABLE zdm.run ADD COLUMN IF NOT EXISTS new_version text;
-- the last look: what the contract relies on, as the run's own steps left it; `seen` is what a
-- run stopped at, `before` what was there when a step without a transaction began
CREATE TABLE IF NOT EXISTS zdm.evidence (
    run_id bigint PRIMARY KEY REFERENCES zdm.run,
    facts jsonb NOT NULL,
    seen jsonb,
    step text,
    before jsonb,
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- tables that were compared whole before the contract; no row differed
CREATE TABLE IF NOT EXISTS zdm.comparison (
    run_id bigint NOT NULL REFERENCES zdm.run,
    step_id text NOT NULL,
    compared bigint NOT NULL,
    compared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, step_id)
);
UPDATE zdm.journal SET version = 6;
