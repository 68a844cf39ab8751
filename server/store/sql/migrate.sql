-- Which migrations the data file has seen. The migrator makes this table itself, before the first
-- of them.

-- migration_table
CREATE TABLE IF NOT EXISTS schema_migration (
    number BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL, -- SHA-256 of the text, in hexadecimal
    applied_at BIGINT NOT NULL
);

-- migration_list
-- Its row table is the migrator's own.
SELECT number, name, checksum FROM schema_migration ORDER BY number;

-- migration_insert
INSERT INTO schema_migration (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4);

-- migration_touch
-- A write that changes nothing: the writer asks with it whether the disk has room again.
UPDATE schema_migration SET applied_at = applied_at WHERE number = 1;
