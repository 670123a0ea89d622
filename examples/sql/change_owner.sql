-- The table belongs to the team, not to the role that runs migrations.
ALTER TABLE orders OWNER TO shop_team;
