ALTER TYPE mood RENAME VALUE 'happy' TO 'glad';
ALTER TYPE missing RENAME VALUE 'happy' TO 'glad';
ALTER TYPE of_nobody RENAME VALUE 'missing' TO 'glad';
ALTER TYPE of_nobody RENAME VALUE 'a' TO 'b';
