-- Visits are announced no more, perhaps for some time only.
ALTER TABLE visits DISABLE TRIGGER visits_announced;
