INSERT INTO member VALUES (1000, 'old', 'x') ON CONFLICT (mail, shop) DO NOTHING;
SELECT mail, shop FROM member;
