-- Users up to 1000 come from an old shop; new ones get keys behind them.
SELECT setval('users_id_seq', 1000);
