CREATE TABLE fresh (id bigint PRIMARY KEY);
-- SKELETON: the statement, on fresh, which nobody uses yet
