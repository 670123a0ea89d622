SELECT fix_all();
