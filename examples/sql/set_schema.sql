-- Reports have a schema of their own.
CREATE SCHEMA reports;
ALTER VIEW visited SET SCHEMA reports;
