SELECT twice(2, 'a'), nextval('numbers'), 'sad'::mood FROM extra.active;
