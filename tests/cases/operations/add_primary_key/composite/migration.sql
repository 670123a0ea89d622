ALTER TABLE lines ADD CONSTRAINT lines_key PRIMARY KEY (number, id) INCLUDE (body);
