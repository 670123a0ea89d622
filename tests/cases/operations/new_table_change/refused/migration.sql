CREATE TABLE mails (email text);
INSERT INTO mails SELECT email FROM users;
