UPDATE tools SET input_policy = 'new' WHERE id = 4;
SELECT input_policy FROM tools;
