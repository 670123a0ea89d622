-- zdm: run in contract -- ids are repeated from 4.3 on
ALTER TABLE note DROP CONSTRAINT note_pkey;
ALTER TABLE note ADD PRIMARY KEY (shop, id);
