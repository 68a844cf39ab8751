/* migrate.c: runs migrations and refuses data files that it does not understand. Knows no table but
 * its own. */
#include "migrate.h"

#include <sodium.h>

#include <stdio.h>
#include <string.h>

struct applied_migration {
    int64_t number;
    const char *name, *checksum;
};

static const struct field applied_migration_fields[] = {
    FIELD(struct applied_migration, number, INT, .note = "counts from 1"),
    FIELD(struct applied_migration, name, TEXT, .note = "the file's name without its number"),
    FIELD(struct applied_migration, checksum, TEXT, .note = "SHA-256 of the text, in hexadecimal"),
};

static const struct table applied_migration_table =
    TABLE(struct applied_migration, "applied_migration", applied_migration_fields);

#define CHECKSUM_SIZE (crypto_hash_sha256_BYTES * 2 + 1)

static void checksum_make(const char *text, char checksum[static CHECKSUM_SIZE])
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
    sodium_bin2hex(checksum, CHECKSUM_SIZE, hash, sizeof hash);
}

/* Run by their text: the connection's catalogue may be another one than the embedded. */
static enum err migrate_exec(struct ctx *ctx, struct db *db, enum sql sql,
                             const struct param *params, size_t count)
{
    struct prepared prepared;
    enum err err = prepared_open(ctx, db, &sql_texts[sql], /* keep= */ false, &prepared);
    if (err)
        return err;
    err = run_exec(ctx, db, &prepared, params, count);
    prepared_close(db, &prepared);
    return err;
}

static enum err migrate_list(struct ctx *ctx, struct db *db, struct rows *ret)
{
    struct prepared prepared;
    struct sql_text text = sql_texts[SQL_MIGRATION_LIST];
    text.row = &applied_migration_table;
    enum err err = prepared_open(ctx, db, &text, /* keep= */ false, &prepared);
    if (err)
        return err;
    err = run_rows(ctx, db, &prepared, ret, NULL, 0);
    prepared_close(db, &prepared);
    return err;
}

static enum err applied_check(struct ctx *ctx, const struct applied_migration *applied,
                              const struct migration *known)
{
    char checksum[CHECKSUM_SIZE];
    checksum_make(known->text, checksum);
    if (applied->number != known->number)
        return fail(
            ctx, ERR_CONFIG, "database",
            "the data file lacks migration %d (%s) but has later ones: restore it from a backup",
            known->number, known->name);
    if (strcmp(applied->name, known->name) != 0 || strcmp(applied->checksum, checksum) != 0)
        return fail(ctx, ERR_CONFIG, "database",
                    "migration %d (%s) was applied with another text or name (%s) than this "
                    "program has: run the program that wrote the data file; a migration is never "
                    "edited, a new one is added",
                    known->number, known->name, applied->name);
    return OK;
}

static enum err applied_check_all(struct ctx *ctx, const struct rows *rows,
                                  const struct migration *list, size_t count)
{
    const struct applied_migration *applied = rows->items;
    if (rows->count && applied[rows->count - 1].number > (int64_t)count)
        return fail(
            ctx, ERR_CONFIG, "database",
            "the data file is newer than this program: it has migration %d (%s), the program knows "
            "%zu: install the version that wrote it or a later one, or restore an older backup",
            (int)applied[rows->count - 1].number, applied[rows->count - 1].name, count);
    for (size_t i = 0; i < rows->count; i++) {
        enum err err = applied_check(ctx, &applied[i], &list[i]);
        if (err)
            return err;
    }
    return OK;
}

static enum err migration_run(struct ctx *ctx, struct db *db, const struct migration *migration)
{
    char name[96], checksum[CHECKSUM_SIZE];
    snprintf(name, sizeof name, "migration %d (%s)", migration->number, migration->name);
    checksum_make(migration->text, checksum);
    enum err err = db->driver->script(ctx, db->connection, name, migration->text);
    if (err == ERR_EXISTS)
        err = fail(ctx, ERR_INTERNAL, NULL, "%s: a unique key is there twice", name);
    if (!err && !db_in_transaction(db))
        err = fail(ctx, ERR_INTERNAL, NULL, "%s ends its transaction: that is not its to do", name);
    if (!err)
        err = migrate_exec(ctx, db, SQL_MIGRATION_INSERT,
                           PARAMS(param_int(migration->number), param_text(migration->name),
                                  param_text(checksum), param_int(clock_now_ms())));
    return err;
}

static enum err own_tables(struct ctx *ctx, struct db *db)
{
    enum err err = migrate_exec(ctx, db, SQL_MIGRATION_TABLE, NULL, 0);
    return err ? err : migrate_exec(ctx, db, SQL_PROBE_TABLE, NULL, 0);
}

/* All of it or nothing: a crash or a failure half-way leaves the file as it was. */
static enum err migrate_in_transaction(struct ctx *ctx, struct db *db,
                                       const struct migration *migration)
{
    enum err err = db_begin_write(ctx, db);
    if (err)
        return err;
    err = migration ? migration_run(ctx, db, migration) : own_tables(ctx, db);
    if (!err)
        err = db_commit(ctx, db);
    if (err)
        db_rollback(db);
    else if (migration)
        log_line(LOG_INFO, "store", "applied migration %d (%s)", migration->number,
                 migration->name);
    return err;
}

enum err migrate_run(struct ctx *ctx, struct db *db, const struct migration *list, size_t count)
{
    struct rows applied = {};
    enum err err = migrate_in_transaction(ctx, db, NULL);
    if (!err)
        err = migrate_list(ctx, db, &applied);
    if (!err)
        err = applied_check_all(ctx, &applied, list, count);
    for (size_t i = applied.count; !err && i < count; i++)
        err = migrate_in_transaction(ctx, db, &list[i]);
    return err;
}

enum err migrate_look(struct ctx *ctx, struct db *db, const struct migration *list, size_t count,
                      bool *ret_current)
{
    struct rows applied = {};
    enum err err = migrate_list(ctx, db, &applied);
    if (!err)
        err = applied_check_all(ctx, &applied, list, count);
    *ret_current = applied.count == count;
    return err;
}

enum err migrate_probe(struct ctx *ctx, struct db *db)
{
    return migrate_exec(ctx, db, SQL_PROBE_WRITE, PARAMS(param_int(clock_monotonic_us())));
}

enum err migrate_time_write(struct ctx *ctx, struct db *db, int64_t now_ms)
{
    return migrate_exec(ctx, db, SQL_TIME_WRITE, PARAMS(param_int(now_ms)));
}

enum err migrate_time_read(struct ctx *ctx, struct db *db, int64_t *ret_ms)
{
    struct prepared prepared;
    *ret_ms = NO_INT;
    enum err err = prepared_open(ctx, db, &sql_texts[SQL_TIME_READ], /* keep= */ false, &prepared);
    if (err)
        return err;
    err = run_int(ctx, db, &prepared, ret_ms, NULL, 0);
    prepared_close(db, &prepared);
    return err == ERR_NOT_FOUND ? OK : err;
}
