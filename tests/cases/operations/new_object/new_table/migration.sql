CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TABLE notes (id integer PRIMARY KEY, mood mood NOT NULL DEFAULT 'happy');
ALTER TABLE users ADD COLUMN mood mood DEFAULT 'sad'::mood;
