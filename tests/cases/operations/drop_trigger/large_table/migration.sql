DROP TRIGGER guarded ON users;
DROP FUNCTION guard();
