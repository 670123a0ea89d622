ALTER TABLE daily_spend
    ALTER COLUMN tokens SET DATA TYPE bigint,
    ALTER COLUMN requests SET DATA TYPE bigint;
