ALTER TABLE users OWNER TO zdm_owner;
ALTER VIEW mails OWNER TO zdm_owner;
