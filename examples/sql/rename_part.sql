-- The trigger says what it does.
ALTER TRIGGER visits_announced ON visits RENAME TO visits_notified;
