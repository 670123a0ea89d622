INSERT INTO entries (day, account_id, amount) VALUES ('2025-05-05', 7, 1) RETURNING id;
DELETE FROM entries WHERE day = '2025-05-05' AND amount = 1;
SELECT * FROM entries WHERE account_id = 7;
