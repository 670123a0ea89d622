SELECT id FROM other;
