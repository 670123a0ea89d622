SELECT body FROM notes;
