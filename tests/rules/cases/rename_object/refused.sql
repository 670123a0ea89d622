SET lock_timeout = '2s';
ALTER VIEW names RENAME TO all_names;
