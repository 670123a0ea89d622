CREATE STATISTICS "by Both" (dependencies, ndistinct) ON team, city FROM users;
CREATE STATISTICS IF NOT EXISTS "by Both" ON team, city FROM users;
CREATE STATISTICS lowered ON lower(team), city FROM public.users;
