CREATE TABLE accounts (
    tenant_id smallint NOT NULL,
    id integer NOT NULL,
    number integer NOT NULL,
    label varchar(40),
    CONSTRAINT accounts_key PRIMARY KEY (tenant_id, id) INCLUDE (label),
    CONSTRAINT accounts_number UNIQUE (number)
);
CREATE TABLE entries (
    id integer PRIMARY KEY,
    tenant_id smallint NOT NULL,
    account_id integer NOT NULL,
    number integer REFERENCES accounts (number) ON UPDATE CASCADE,
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX entries_of_account ON entries (tenant_id, account_id, id);
INSERT INTO accounts SELECT g % 3, g, g, 'l' FROM generate_series(1, 30) AS g;
INSERT INTO entries SELECT g, g % 3, g, g FROM generate_series(1, 30) AS g;
