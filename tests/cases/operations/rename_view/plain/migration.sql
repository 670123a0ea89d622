ALTER VIEW people RENAME TO persons;
