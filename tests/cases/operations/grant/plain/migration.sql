GRANT UPDATE (email, nickname) ON users TO zdm_reader;
GRANT SELECT, INSERT ON users, mails TO zdm_reader, "zdm Writer";
GRANT ALL ON SEQUENCE users_id_seq TO "zdm Writer" WITH GRANT OPTION;
GRANT USAGE ON SCHEMA side TO zdm_reader;
GRANT EXECUTE ON FUNCTION twice(int), once TO zdm_reader;
GRANT EXECUTE ON FUNCTION once() TO PUBLIC;
GRANT USAGE ON TYPE mood TO zdm_reader;
GRANT SELECT ON users TO zdm_reader WITH GRANT OPTION;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;
