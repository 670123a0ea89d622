SELECT code FROM groups;
