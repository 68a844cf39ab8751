/* fixture.c: starts the service in this process and stops it again. It must not know what the
 * tests ask of it. */
#include "fixture.h"

#include <funneld/crm.h>
#include <funneld/store.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTIONS_MAX = 8 };

struct fixture fixture;

static void make_directory(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(fixture.directory, sizeof fixture.directory, "%s/funneld-test-XXXXXX",
             parent && strlen(parent) < 64 ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(fixture.directory));
    snprintf(fixture.database, sizeof fixture.database, "%s/funneld.db", fixture.directory);
    snprintf(fixture.socket_path, sizeof fixture.socket_path, "%s.sock", fixture.database);
}

static void load_config(const char *const *options)
{
    char database[160];
    snprintf(database, sizeof database, "--database=%s", fixture.database);
    const char *argv[OPTIONS_MAX + 6] = { "funneld", "--config=/dev/null", database,
                                          "--listen=127.0.0.1:0", "--log-level=error" };
    int argc = 5;
    for (size_t i = 0; options && options[i]; i++) {
        ck_assert_int_lt(argc, OPTIONS_MAX + 5);
        argv[argc++] = options[i];
    }
    char *copies[OPTIONS_MAX + 6] = { 0 };
    for (int i = 0; i < argc; i++)
        copies[i] = arena_text(&fixture.arena, argv[i], strlen(argv[i]));
    enum err err = config_load(&fixture.ctx, &fixture.config, &argc, copies);
    ck_assert_msg(!err, "%s", fixture.ctx.failure.detail);
    ck_assert_msg(argc == 1, "%s is no option", copies[1]);
    ck_assert(clock_set_zone(fixture.config.time_zone));
    log_setup((enum log_level)fixture.config.log_level, (enum log_format)fixture.config.log_format);
}

static void read_key(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/admin.key", fixture.directory);
    FILE *file = fopen(path, "re");
    ck_assert_msg(file, "no admin.key beside the data file");
    ck_assert_ptr_nonnull(fgets(fixture.key, sizeof fixture.key, file));
    fclose(file);
    fixture.key[strcspn(fixture.key, "\n")] = '\0';
}

static void start(void)
{
    fixture.ctx.now_ms = clock_now_ms();
    enum err err = service_start(&fixture.ctx, &fixture.config, &fixture.service);
    ck_assert_msg(!err, "%s", fixture.ctx.failure.detail);
    read_key();
    fixture.client = service_client(NULL);
    fixture.control = client_new(NULL, fixture.socket_path, NULL);
}

static void stop(void)
{
    client_free(fixture.client);
    client_free(fixture.control);
    fixture.client = fixture.control = NULL;
    ck_assert(!service_failed(fixture.service));
    service_stop(fixture.service);
    fixture.service = NULL;
}

void service_setup_with(const char *const *options)
{
    fixture = (struct fixture){ 0 };
    fixture.ctx = (struct ctx){ .arena = &fixture.arena, .ids = &fixture.ids };
    make_directory();
    load_config(options);
    start();
}

void service_setup(void)
{
    service_setup_with(NULL);
}

void service_restart(void)
{
    stop();
    start();
}

void service_check(void)
{
    struct store *store;
    struct db *db;
    struct check_report report;
    bool current;
    ck_assert_int_eq(store_look(&fixture.ctx, fixture.database, &store, &current), OK);
    ck_assert(current);
    ck_assert_int_eq(store_reader(&fixture.ctx, store, &db), OK);
    ck_assert_int_eq(db_begin_read(&fixture.ctx, db), OK);
    ck_assert_int_eq(check_run(&fixture.ctx, db, NULL, &report), OK);
    ck_assert_msg(report.findings.count == 0, "%s", report.findings.items[0]);
    db_end_read(db);
    db_close(db);
    store_close(store);
}

void service_teardown(void)
{
    static const char *const names[] = { "funneld.db",      "funneld.db-wal",  "funneld.db-shm",
                                         "funneld.db.lock", "funneld.db.sock", "admin.key" };
    service_check();
    stop();
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/%s", fixture.directory, names[i]);
        unlink(path);
    }
    ck_assert_msg(rmdir(fixture.directory) == 0, "%s: %m", fixture.directory);
    arena_free(&fixture.arena);
}

struct client *service_client(const char *key)
{
    return client_new(service_address(fixture.service), NULL, key ? key : fixture.key);
}

const char *service_key(const char *name, const char *scopes)
{
    const struct answer *answer =
        post(fixture.client, "/v1/keys", "{'name':'%s','scopes':['%s']}", name, scopes);
    expect_status(answer, 201);
    const char *key = answer_text(answer, "key");
    return arena_text(&fixture.arena, key, strlen(key));
}

const char *service_create(const char *path, const char *json, ...)
{
    va_list args;
    va_start(args, json);
    char *body = NULL;
    ck_assert_int_ge(vasprintf(&body, json, args), 0);
    va_end(args);
    const struct answer *answer = post(fixture.client, path, "%s", body);
    free(body);
    expect_status(answer, 201);
    const char *id = answer_text(answer, "id");
    return arena_text(&fixture.arena, id, strlen(id));
}

const char *textf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(&fixture.arena, format, args);
    va_end(args);
    ck_assert_ptr_nonnull(text);
    return text;
}

const char *time_text(int64_t ms)
{
    char text[TIME_TEXT_SIZE];
    time_format(ms, text);
    return textf("%s", text);
}

/* ---- Races ---- */

struct racer {
    struct race *race;
    int index;
    pthread_barrier_t *start;
};

static void *racer_main(void *self)
{
    struct racer *racer = self;
    struct race *race = racer->race;
    _cleanup_(client_done) struct client *client = service_client(NULL);
    ask(client, .path = "/healthz"); /* connects */
    pthread_barrier_wait(racer->start);
    const struct answer *answer =
        ask(client, .path = race->path, .content_type = race->content_type,
            .body = race->bodies[racer->index]);
    race->statuses[racer->index] = answer->status;
    return NULL;
}

void race_run(struct race *race)
{
    pthread_barrier_t start;
    pthread_t threads[2];
    struct racer racers[2];
    pthread_barrier_init(&start, NULL, 2);
    for (int i = 0; i < 2; i++) {
        racers[i] = (struct racer){ race, i, &start };
        ck_assert_int_eq(pthread_create(&threads[i], NULL, racer_main, &racers[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
}
