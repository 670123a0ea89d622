CREATE TABLE daily_spend (
    day date NOT NULL,
    team text NOT NULL,
    tokens integer NOT NULL DEFAULT 0 CHECK (tokens >= 0),
    requests integer DEFAULT 0,
    PRIMARY KEY (day, team)
);
CREATE INDEX daily_spend_tokens_idx ON daily_spend (team, tokens DESC) WHERE tokens > 10;
INSERT INTO daily_spend (day, team, tokens)
SELECT date '2026-01-01' + g, 'team', g FROM generate_series(1, 20000) AS g;
ANALYZE daily_spend;
