CREATE TABLE logins (id bigserial PRIMARY KEY, user_id bigint);
ALTER TABLE logins ADD FOREIGN KEY (user_id) REFERENCES users;
