-- Which migrations the data file has seen, and a row to try writing with. The migrator makes these
-- tables itself, before the first migration.

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

-- probe_table
CREATE TABLE IF NOT EXISTS storage_probe (
    number BIGINT NOT NULL PRIMARY KEY, -- 1 the try, 2 the time
    mark BIGINT NOT NULL -- another one with each try; the writer's time, now and then
);

-- probe_write
-- The writer asks with it whether the disk has room again. A row that stays the same would not
-- be written at all, so the mark differs each time.
INSERT INTO storage_probe (number, mark) VALUES (1, $1)
ON CONFLICT (number) DO UPDATE SET mark = excluded.mark;

-- time_write
-- The writer's time: after a restart it goes on from there even when the machine's clock was set
-- back in between, so that what comes later is never dated earlier.
INSERT INTO storage_probe (number, mark) VALUES (2, $1)
ON CONFLICT (number) DO UPDATE SET mark = excluded.mark;

-- time_read
SELECT mark FROM storage_probe WHERE number = 2;
