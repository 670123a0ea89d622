INSERT INTO member (id, mail) VALUES (2000, 'New')
ON CONFLICT (lower(mail)) WHERE state = 'active' DO UPDATE SET mail = 'NEW';
SELECT mail, state FROM member WHERE lower(mail) = 'new';
