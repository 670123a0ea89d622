ALTER TRIGGER none ON users RENAME TO tidier;
ALTER TRIGGER tidy ON users RENAME TO users_tidy;
ALTER TRIGGER tidy ON users RENAME TO zzzz;
ALTER POLICY everyone ON users RENAME TO others;
ALTER TRIGGER tidy ON parted RENAME TO tidier;
ALTER TRIGGER tidy ON gone RENAME TO tidier;
ALTER RULE quiet ON users RENAME TO silent;
ALTER PUBLICATION sent RENAME TO told;
