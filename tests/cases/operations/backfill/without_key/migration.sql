UPDATE logs SET level = 'info' WHERE level IS NULL;
