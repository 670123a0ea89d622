ALTER TABLE users ADD UNIQUE (tenant, nickname) INCLUDE (email), ADD UNIQUE (email);
