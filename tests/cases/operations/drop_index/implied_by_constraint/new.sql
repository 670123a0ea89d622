INSERT INTO member VALUES (2000, 'new', 'y') ON CONFLICT (id, shop) DO NOTHING;
SELECT mail, shop FROM member;
