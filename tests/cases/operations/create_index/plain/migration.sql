CREATE INDEX users_email ON users (lower(email) text_pattern_ops, id DESC) WHERE nickname IS NOT NULL;
