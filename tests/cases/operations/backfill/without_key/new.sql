SELECT level FROM logs;
