DROP INDEX member_mail;
ALTER TABLE member ADD CONSTRAINT member_mail UNIQUE (mail);
