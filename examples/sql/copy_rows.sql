-- Every user gets a row of preferences; the new version makes one with each new user.
CREATE TABLE preferences (
  user_id integer PRIMARY KEY REFERENCES users (id),
  newsletter boolean NOT NULL DEFAULT false
);
INSERT INTO preferences (user_id) SELECT id FROM users;
