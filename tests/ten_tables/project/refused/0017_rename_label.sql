ALTER TYPE tier RENAME VALUE 'pro' TO 'premium';
