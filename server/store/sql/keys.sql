-- API keys, and what was settled once for the installation.

-- api_key_insert
INSERT INTO api_key (id, name, hash, scopes, created_at) VALUES ($1, $2, $3, $4, $5);

-- api_key_by_hash -> api_key
SELECT id, name, scopes AS scope_bits, created_at, revoked_at FROM api_key WHERE hash = $1;

-- api_key_by_id -> api_key
SELECT id, name, scopes AS scope_bits, created_at, revoked_at FROM api_key WHERE id = $1;

-- api_key_list -> api_key
SELECT id, name, scopes AS scope_bits, created_at, revoked_at FROM api_key WHERE 1 = 1;

-- api_key_count
SELECT count(*) FROM api_key;

-- api_key_revoke
UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL;

-- setting_get -> setting
SELECT name, value FROM setting WHERE name = $1;

-- setting_put
INSERT INTO setting (name, value)
VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;
