INSERT INTO daily_spend (day, team, tokens, requests) VALUES (date '2025-01-01', 'new', 4::bigint, NULL) ON CONFLICT (day, team) DO UPDATE SET tokens = 9::bigint;
UPDATE daily_spend SET requests = 7 WHERE day = date '2026-01-05';
