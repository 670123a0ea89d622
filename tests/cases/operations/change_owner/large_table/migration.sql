ALTER TABLE users ADD COLUMN city text, OWNER TO zdm_owner;
