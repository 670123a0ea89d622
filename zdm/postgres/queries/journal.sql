-- The journal: all state of all runs. Made, or brought up from an older version, in a
-- transaction of its own; every statement may be run again.
CREATE SCHEMA IF NOT EXISTS zdm;
CREATE TABLE IF NOT EXISTS zdm.journal (version integer NOT NULL);
INSERT INTO zdm.journal SELECT 2 WHERE NOT EXISTS (SELECT FROM zdm.journal);
CREATE TABLE IF NOT EXISTS zdm.run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_name text NOT NULL,
    plan_digest text NOT NULL,
    plan text NOT NULL,
    old_version text, -- the application's, which the run moves between
    new_version text,
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
CREATE TABLE IF NOT EXISTS zdm.backfill_range (
    run_id bigint NOT NULL REFERENCES zdm.run,
    step_id text NOT NULL,
    relation text NOT NULL,
    cursor text[],
    state text NOT NULL DEFAULT 'filling' CHECK (state IN ('filling', 'verified')),
    estimate bigint,
    scanned bigint NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT 0,
    sweeps integer NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, step_id, relation)
);
-- what the operator asked of the executor, and has not been taken back or obeyed
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
-- acts that are no step: sessions ended, orders given and obeyed
CREATE TABLE IF NOT EXISTS zdm.act (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES zdm.run,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    what text NOT NULL
);
ALTER TABLE zdm.run ADD COLUMN IF NOT EXISTS window_ended_at timestamptz;
ALTER TABLE zdm.run ADD COLUMN IF NOT EXISTS window_ended_by text;
UPDATE zdm.journal SET version = 2;
