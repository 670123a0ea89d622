-- Rows with keys and without ON CONFLICT cannot be inserted twice.
CREATE TABLE task (
    id text PRIMARY KEY, title text NOT NULL, settings jsonb NOT NULL,
    state jsonb NOT NULL DEFAULT '{}', created_at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX task_title_key ON task (title);
CREATE TABLE step (id serial PRIMARY KEY, title text NOT NULL UNIQUE);
CREATE TABLE kind (id int PRIMARY KEY, title text NOT NULL);
