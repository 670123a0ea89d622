ALTER TYPE "My Types"."Order Status" ADD VALUE 'don''t \ know' AFTER 'it''s';
