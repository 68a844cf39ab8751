-- People who own leads.

-- user_insert
INSERT INTO app_user (id, email, name, created_at) VALUES ($1, $2, $3, $4);

-- user_update
UPDATE app_user SET name = $2, archived_at = $3 WHERE id = $1;

-- user_by_id -> user
SELECT id, email, name, created_at, archived_at FROM app_user WHERE id = $1;

-- user_by_email -> user
SELECT id, email, name, created_at, archived_at FROM app_user WHERE email = $1;

-- user_list -> user
SELECT id, email, name, created_at, archived_at FROM app_user WHERE 1 = 1;

-- user_count
SELECT count(*) FROM app_user;
