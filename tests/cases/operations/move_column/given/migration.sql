CREATE TABLE profiles (
    photo jsonb,
    bio varchar(40),
    "user" uuid PRIMARY KEY,
    FOREIGN KEY ("user") REFERENCES "App"."Users" ("Id") ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX profiles_bio ON profiles (bio);
INSERT INTO profiles ("user", bio, photo)
SELECT "Id", u."Bio", photo FROM "App"."Users" AS u WHERE photo IS NOT NULL OR u."Bio" IS NOT NULL;
COMMENT ON TABLE profiles IS 'of users';
ALTER TABLE "App"."Users" DROP COLUMN photo, DROP COLUMN "Bio";
