DELETE FROM events WHERE kind = 'seen' AND at < '2021-01-01';
