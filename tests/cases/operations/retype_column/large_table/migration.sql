ALTER TABLE prices
    ALTER COLUMN price TYPE numeric(14,4),
    ALTER COLUMN discount SET DATA TYPE numeric(8,3) USING discount::numeric(8,3),
    ALTER COLUMN rate TYPE numeric(9,2);
