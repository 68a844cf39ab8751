-- Teams of users.

-- team_insert
INSERT INTO team (id, name, members, created_at) VALUES ($1, $2, $3, $4);

-- team_update
UPDATE team SET name = $2, members = $3, archived_at = $4 WHERE id = $1;

-- team_by_id -> team
SELECT id, name, members, created_at, archived_at FROM team WHERE id = $1;

-- team_by_name -> team
SELECT id, name, members, created_at, archived_at FROM team WHERE name = $1;

-- team_list -> team
SELECT id, name, members, created_at, archived_at FROM team WHERE 1 = 1;

-- team_count
SELECT count(*) FROM team;
