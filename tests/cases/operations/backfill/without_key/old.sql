SELECT line FROM logs;
