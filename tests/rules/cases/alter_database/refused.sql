ALTER DATABASE shop SET timezone = 'UTC';
