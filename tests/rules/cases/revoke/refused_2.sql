REVOKE admin FROM reader;
