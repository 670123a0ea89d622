SELECT mood FROM people WHERE id = 1;
