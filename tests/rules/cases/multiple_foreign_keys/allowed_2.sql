SET lock_timeout = '2s';
CREATE TABLE members (team_id bigint REFERENCES teams (id), org_id bigint REFERENCES orgs (id));
