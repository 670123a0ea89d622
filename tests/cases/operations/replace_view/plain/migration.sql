CREATE OR REPLACE VIEW named AS SELECT id, email, nickname FROM users WHERE nickname IS NOT NULL;
