SET lock_timeout = '2s';
CREATE TABLE teams (id bigint PRIMARY KEY, org_id bigint REFERENCES orgs (id));
