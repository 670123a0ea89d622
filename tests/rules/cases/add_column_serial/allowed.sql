CREATE TABLE numbers (id bigserial PRIMARY KEY);
