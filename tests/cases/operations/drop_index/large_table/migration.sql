DROP INDEX IF EXISTS public.users_name;
DROP INDEX IF EXISTS not_there;
