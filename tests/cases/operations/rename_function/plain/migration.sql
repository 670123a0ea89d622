ALTER FUNCTION twice(integer) RENAME TO doubled;
ALTER FUNCTION noted RENAME TO remarked;
