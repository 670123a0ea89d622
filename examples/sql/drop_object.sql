-- No column has this type any more.
DROP TYPE IF EXISTS delivery_state;
