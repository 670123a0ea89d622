SELECT kind FROM events;
