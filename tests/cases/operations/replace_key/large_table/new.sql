INSERT INTO member VALUES (200000, 'new', 'x') ON CONFLICT (mail) DO UPDATE SET shop = 'y';
SELECT mail, shop FROM member WHERE mail = 'new';
