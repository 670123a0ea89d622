DROP INDEX users_email_key;
DROP INDEX not_there;
