CREATE OR REPLACE FUNCTION normalized() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.nickname IS NULL THEN
    RAISE EXCEPTION 'a nickname is required';
  END IF;
  NEW.email := lower(NEW.email);
  RETURN NEW;
END $$;
