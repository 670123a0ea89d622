INSERT INTO member VALUES (1000, 'old') ON CONFLICT (id) DO NOTHING;
SELECT mail FROM member WHERE mail = 'old';
