ALTER TYPE tier ADD VALUE 'premium';
