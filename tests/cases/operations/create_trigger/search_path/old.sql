SET search_path = pg_catalog;
INSERT INTO public.servers VALUES (1000, 'old') ON CONFLICT (id) DO UPDATE SET url = excluded.url;
DELETE FROM public.servers WHERE id = 1000;
