DELETE FROM pg_enum WHERE enumlabel = 'sad';
