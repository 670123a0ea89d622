SELECT setval('numbers', 1);
