-- An address is unique in all shops, no longer in each of them.
ALTER TABLE users DROP CONSTRAINT users_email_name_key;
ALTER TABLE users ADD CONSTRAINT users_email_name_key UNIQUE (email);
