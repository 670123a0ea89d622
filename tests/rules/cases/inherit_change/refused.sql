SET lock_timeout = '2s';
ALTER TABLE old_events INHERIT events;
