SELECT id, nickname FROM extra.rename(3000000000, 'x');
SELECT id, nickname FROM extra.rename(2, name => 'x');
CALL extra.clear(40000);
CALL extra.clear('user4@example.org', 'asked');
