ALTER INDEX public.users_name RENAME TO ix_users_name;
