CALL fix_all();
