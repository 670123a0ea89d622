CREATE UNIQUE INDEX only_one_active_mail_no_case ON member (lower(mail)) WHERE member.state = 'active';
DROP INDEX only_one_active_mail;
