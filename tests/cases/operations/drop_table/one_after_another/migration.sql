-- zdm: run in contract -- the new version does not read it
DROP VIEW pages;
DROP TABLE visits;
DROP TABLE sessions;
