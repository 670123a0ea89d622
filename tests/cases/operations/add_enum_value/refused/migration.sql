ALTER TYPE mood ADD VALUE 'ok';
ALTER TYPE mood ADD VALUE 'glad' AFTER 'missing';
ALTER TYPE missing ADD VALUE 'x';
ALTER TYPE plain ADD VALUE 'x';
ALTER TYPE mood ADD VALUE 'a label that is longer than the sixty-three bytes that PostgreSQL takes';
ALTER TYPE mood ADD VALUE 'once';
ALTER TYPE mood ADD VALUE 'once';
