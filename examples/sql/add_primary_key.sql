-- `visits` was made without a key.
ALTER TABLE visits ADD PRIMARY KEY (id);
