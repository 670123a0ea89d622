ALTER TABLE users ADD UNIQUE USING INDEX users_email_idx;
