-- zdm: run in contract -- members of two shops can sign up from 4.3 on
DROP INDEX public.member_key;
CREATE UNIQUE INDEX member_key ON member (mail, shop);
