UPDATE folders SET parent_id = 1 WHERE id = 7;
