INSERT INTO daily_spend (day, team) VALUES (date '2025-01-01', 'old') ON CONFLICT (day, team) DO UPDATE SET tokens = daily_spend.tokens + 1;
UPDATE daily_spend SET requests = NULL WHERE day = date '2026-01-05';
