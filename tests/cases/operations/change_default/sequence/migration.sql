CREATE SEQUENCE user_scores AS integer START WITH 1000;
ALTER TABLE users ALTER COLUMN score SET DEFAULT nextval('user_scores');
