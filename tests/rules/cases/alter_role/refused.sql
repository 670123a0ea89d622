ALTER ROLE reader SET statement_timeout = '1s';
