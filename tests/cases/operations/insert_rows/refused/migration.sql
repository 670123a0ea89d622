INSERT INTO mails SELECT email FROM users;
INSERT INTO mails VALUES ('a') ON CONFLICT (email) DO UPDATE SET email = 'b';
INSERT INTO mails VALUES ((SELECT max(email) FROM users));
