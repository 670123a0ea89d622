CREATE TABLE readings (
    id bigserial,
    at timestamp NOT NULL DEFAULT '2026-06-01',
    sensor text COLLATE "C" NOT NULL,
    value numeric(10, 2),
    doubled numeric GENERATED ALWAYS AS (value * 2) STORED,
    CONSTRAINT readings_positive CHECK (value >= 0),
    CONSTRAINT readings_pkey PRIMARY KEY (at, id),
    CONSTRAINT readings_sensor_at_key UNIQUE (sensor, at)
);
CREATE INDEX readings_value_idx ON readings (value DESC) WHERE value > 10;
CREATE STATISTICS readings_stats ON at, sensor FROM readings;
COMMENT ON COLUMN readings.value IS 'in kWh';
ALTER TABLE readings ALTER COLUMN sensor SET STORAGE EXTERNAL;

INSERT INTO readings (at, sensor, value)
SELECT timestamp '2026-01-01' + n * interval '1 hour', 's' || n % 7, n % 50
FROM generate_series(1, 300) AS n;
