CREATE TYPE mood AS ENUM ('good', 'sad');
