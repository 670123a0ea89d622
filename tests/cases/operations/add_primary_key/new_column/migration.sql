ALTER TABLE lines ADD COLUMN key bigserial;
ALTER TABLE lines ADD PRIMARY KEY (key);
