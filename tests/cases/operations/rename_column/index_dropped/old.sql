UPDATE tools SET call_policy = 'old' WHERE id = 3;
SELECT call_policy FROM tools;
