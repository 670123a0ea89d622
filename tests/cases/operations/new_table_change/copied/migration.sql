CREATE TABLE mails (id bigserial PRIMARY KEY, email text NOT NULL);
INSERT INTO mails (email) SELECT email FROM users;
UPDATE mails SET email = upper(mails.email) FROM users WHERE users.email = mails.email AND users.id < 5;
CREATE UNIQUE INDEX mails_email ON mails (email);
