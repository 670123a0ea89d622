-- Readings of 2025, which were kept in a table of their own, are read with the others.
ALTER TABLE readings ATTACH PARTITION readings_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
