DROP INDEX IF EXISTS users_name, public.users_email, missing, apart."Posts user";
