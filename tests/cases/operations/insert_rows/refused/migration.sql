INSERT INTO mails SELECT email FROM users;
INSERT INTO mails SELECT 'x' || n FROM generate_series(1, 9) AS n;
