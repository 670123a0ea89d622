-- zdm: run in contract -- ids are repeated from 4.3 on
ALTER TABLE note DROP CONSTRAINT note_key, ADD CONSTRAINT note_pkey PRIMARY KEY (code);
