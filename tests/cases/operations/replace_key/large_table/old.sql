INSERT INTO member VALUES (100000, 'old', 'x') ON CONFLICT (mail) DO NOTHING;
SELECT mail, shop FROM member WHERE mail = 'old';
