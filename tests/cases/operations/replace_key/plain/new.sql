INSERT INTO member VALUES (2000, 'new', 'x') ON CONFLICT (id) DO NOTHING;
SELECT mail, shop FROM member;
