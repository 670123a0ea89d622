INSERT INTO member (id, mail) VALUES (1000, 'Old')
ON CONFLICT (mail, state) WHERE state = 'active' AND id > 0 DO UPDATE SET id = excluded.id;
INSERT INTO member VALUES (1001, 'Old', 'gone') ON CONFLICT (id) DO NOTHING;
