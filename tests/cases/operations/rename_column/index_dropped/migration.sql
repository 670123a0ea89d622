ALTER TABLE tools RENAME COLUMN call_policy TO input_policy;
DROP INDEX IF EXISTS tools_call_policy;
CREATE INDEX IF NOT EXISTS tools_input_policy ON tools (input_policy);
DROP INDEX tools_kind;
CREATE INDEX tools_kind ON tools (kind, input_policy DESC);
