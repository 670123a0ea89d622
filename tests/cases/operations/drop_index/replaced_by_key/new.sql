INSERT INTO member VALUES (2000, 'new') ON CONFLICT (id) DO NOTHING;
SELECT mail FROM member WHERE mail = 'new';
