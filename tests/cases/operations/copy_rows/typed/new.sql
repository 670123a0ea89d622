SELECT code FROM contacts;
