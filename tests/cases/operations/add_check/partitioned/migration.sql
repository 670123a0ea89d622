ALTER TABLE events ADD CONSTRAINT events_kind CHECK (kind <> '');
