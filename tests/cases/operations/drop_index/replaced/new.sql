INSERT INTO booking VALUES (1002, 3, '2027-01-02', 'new', 'ann') ON CONFLICT DO NOTHING;
SELECT id FROM booking WHERE room = 3 AND guest = 'ann';
