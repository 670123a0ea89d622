SELECT id, nickname FROM extra.rename(2, 'x');
SELECT id, nickname FROM extra.rename(2::smallint, 'x');
SELECT id, nickname FROM extra.rename('2', 'x');
CALL extra.clear(3::smallint);
CALL extra.clear('3');
CALL extra.clear('user4@example.org', 'asked');
