SELECT word FROM rights;
