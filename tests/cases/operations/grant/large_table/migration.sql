GRANT INSERT, UPDATE, DELETE ON TABLE public.users TO zdm_reader;
