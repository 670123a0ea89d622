CREATE TABLE tools (id bigint PRIMARY KEY, call_policy text, kind text);
CREATE INDEX tools_call_policy ON tools (call_policy);
CREATE INDEX tools_kind ON tools (kind, call_policy);
INSERT INTO tools SELECT n, 'p' || n % 3, 'k' || n % 2 FROM generate_series(1, 20) AS n;
