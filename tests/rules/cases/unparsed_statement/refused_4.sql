COPY users FROM '/tmp/users.csv';
