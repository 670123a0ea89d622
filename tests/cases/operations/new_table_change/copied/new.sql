SELECT email FROM mails;
