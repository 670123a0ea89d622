CREATE INDEX a ON users (name);
CREATE INDEX b ON users (email);
