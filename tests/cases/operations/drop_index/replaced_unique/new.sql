INSERT INTO member VALUES (2000, 'new', 'x') ON CONFLICT (mail) DO NOTHING;
SELECT mail, shop FROM member;
