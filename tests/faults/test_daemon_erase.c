/* test_daemon_erase.c: while others write, people come in through every door and are erased; the
 * moment each 204 arrives no byte of them is left in data file, log, journal, what the daemon has
 * said, or a new backup. Also when it was killed in the middle. */
#include "client.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 4, PEOPLE = 40, PEOPLE_LONG = 400, ACTIVITIES = 150, BODY_BYTES = 65536 };

static struct daemon daemon_;
static struct client client;
static atomic_bool stopping;
static pthread_t workers[WORKERS];
static char form_path[64];

static void setup(void)
{
    daemon_make(&daemon_, NULL);
    daemon_start(&daemon_);
    client_init(&client, &daemon_);
    ck_assert_int_eq(
        client_post(&client, "/v1/forms", "{\"name\":\"Contact\",\"key\":\"contact-form\"}").status,
        201);
    static const char *const fields[] = {
        "{\"key\":\"wish\",\"name\":\"Wish\",\"type\":\"text\",\"indexed\":true}",
        "{\"key\":\"message\",\"name\":\"Message\",\"type\":\"text\"}",
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        ck_assert_int_eq(client_post(&client, "/v1/fields", fields[i]).status, 201);
    snprintf(form_path, sizeof form_path, "/f/contact-form");
}

static void teardown(void)
{
    client_close(&client);
    daemon_done(&daemon_);
}

/* ---- Others, who stay ---- */

static void *work(void *self)
{
    struct client mine;
    char body[256];
    unsigned number = (unsigned)(size_t)self * 1000000;
    client_init(&mine, &daemon_);
    while (!atomic_load(&stopping)) {
        number++;
        snprintf(body, sizeof body, "{\"email\":\"%08x@others.example\",\"company\":\"Others %u\"}",
                 number * 2654435761u, number);
        client_post(&mine, "/v1/leads", body);
        snprintf(body, sizeof body, "email=%08x%%40others.example&name=Other",
                 number * 2654435761u);
        client_post_form(&mine, form_path, body);
        client_get(&mine, "/v1/leads?sort=-score&stage=target");
        client_get(&mine, "/v1/pipelines/default/board");
    }
    client_close(&mine);
    return NULL;
}

static void load_begin(void)
{
    atomic_store(&stopping, false);
    for (size_t i = 0; i < WORKERS; i++)
        ck_assert_int_eq(pthread_create(&workers[i], NULL, work, (void *)(i + 1)), 0);
}

static void load_end(void)
{
    atomic_store(&stopping, true);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(workers[i], NULL);
}

/* ---- Somebody who goes; all that is said of them holds this word ---- */

struct somebody {
    char word[32];
    char id[40];
};

/* A request with an Idempotency-Key that names them too. */
static void post_once(const struct somebody *who, const char *path, const char *body)
{
    static char text[BODY_BYTES + 1024];
    snprintf(text, sizeof text,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Content-Type: application/json\r\nIdempotency-Key: %s-%s\r\nContent-Length: %zu\r\n"
             "\r\n%s",
             path, daemon_.key, who->word, strrchr(path, '/') + 1, strlen(body), body);
    ck_assert(client_send(&client, text, strlen(text)));
    struct answer answer = client_read(&client, CLIENT_TIMEOUT_MS);
    ck_assert_msg(answer.status / 100 == 2, "%d to %s: %s", answer.status, path, answer.body);
    if (!*who->id)
        ck_assert(answer_text(answer.body, "id", (char *)who->id, sizeof who->id));
}

static void come(struct somebody *who, int number)
{
    static char body[BODY_BYTES];
    char path[128];
    *who = (struct somebody){ 0 };
    snprintf(who->word, sizeof who->word, "zq%08xqz", (unsigned)number * 2246822519u);
    const char *w = who->word;
    if (client.fd < 0)
        ck_assert(client_connect(&client));
    snprintf(body, sizeof body,
             "{\"email\":\"%s+tag@gone.example\",\"first_name\":\"%s\",\"company\":\"\\u00c4%s\","
             "\"source_system\":\"%s\",\"external_id\":\"%s\",\"amount_minor\":5,"
             "\"fields\":{\"wish\":\"%s\"}}",
             w, w, w, w, w, w);
    post_once(who, "/v1/leads", body);
    snprintf(path, sizeof path, "/v1/leads/%s", who->id);
    snprintf(body, sizeof body,
             "{\"email\":\"new%s@gone.example\",\"city\":\"%s\",\"fields\":{\"wish\":\"more %s\"}}",
             w, w, w);
    ck_assert_int_eq(client_call(&client, "PATCH", path, body).status, 200);
    size_t length = (size_t)snprintf(body, sizeof body, "{\"activities\":[");
    for (int i = 0; i < ACTIVITIES; i++)
        length += (size_t)snprintf(body + length, sizeof body - length,
                                   "%s{\"lead_id\":\"%s\",\"type\":\"page_view\",\"external_id\":"
                                   "\"%s-%d\",\"properties\":{\"page\":\"%s\"}}",
                                   i ? "," : "", who->id, w, i, w);
    snprintf(body + length, sizeof body - length, "]}");
    post_once(who, "/v1/activities", body);
    snprintf(path, sizeof path, "/v1/leads/%s/lose", who->id);
    snprintf(body, sizeof body, "{\"reason\":\"%s\"}", w);
    ck_assert_int_eq(client_post(&client, path, body).status, 200);
    snprintf(body, sizeof body, "email=new%s%%40gone.example&name=%s&message=%s", w, w, w);
    ck_assert_int_eq(client_post_form(&client, form_path, body).status, 200);
    snprintf(body, sizeof body, "mail=%s%%40gone.example&_gotcha=x", w); /* trapped */
    client_post_form(&client, form_path, body);
    snprintf(body, sizeof body, "email=new%s%%40gone.example&x=%%ff%%00", w); /* unreadable */
    client_post_form(&client, form_path, body);
}

static int erase(const struct somebody *who, const char *query)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/leads/%s%s", who->id, query);
    return client_call(&client, "DELETE", path, NULL).status;
}

/* ---- The grep ---- */

static bool file_has(const char *path, const char *word)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ck_assert_int_eq(fstat(fd, &status), 0);
    size_t size = (size_t)status.st_size, length = 0;
    char *data = malloc(size + 1);
    ck_assert_ptr_nonnull(data);
    for (ssize_t bytes; length < size && (bytes = read(fd, data + length, size - length)) > 0;)
        length += (size_t)bytes;
    close(fd);
    bool found = memmem(data, length, word, strlen(word));
    free(data);
    return found;
}

static void expect_no_byte(const struct somebody *who)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
    char path[320];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(path, sizeof path, "%s%s", daemon_.database, suffixes[i]);
        ck_assert_msg(!file_has(path, who->word), "%s has %s", path, who->word);
    }
    ck_assert_msg(!file_has(daemon_.log, who->word), "the log has %s", who->word);
}

static void expect_not_in_backup(const struct somebody *who, int count)
{
    char target[320], sum[340];
    snprintf(target, sizeof target, "%s/backup.db", daemon_.folder);
    snprintf(sum, sizeof sum, "%s.sha256", target);
    pid_t pid = fork();
    if (pid == 0) {
        const char *program = getenv("FUNNELD_TEST_PROGRAM");
        execl(program, program, "backup", target, "--database", daemon_.database, (char *)NULL);
        _exit(127);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert(file_has(target, "others.example"));
    for (int i = 0; i < count; i++)
        ck_assert_msg(!file_has(target, who[i].word), "the backup has %s", who[i].word);
    unlink(target);
    unlink(sum);
}

START_TEST(test_no_byte_is_left)
{
    static struct somebody people[PEOPLE_LONG];
    int count = test_rounds(PEOPLE, PEOPLE_LONG);
    load_begin();
    for (int i = 0; i < count; i++)
        come(&people[i], i + 1);
    for (int i = 0; i < count; i++) {
        int status = 0;
        for (int tries = 0; tries < 5 && status != 204; tries++)
            status = erase(&people[i], i % 3 == 0 ? "?facts=remove" : "");
        ck_assert_int_eq(status, 204);
        expect_no_byte(&people[i]);
    }
    expect_not_in_backup(people, count);
    load_end();
    for (int i = 0; i < count; i++)
        expect_no_byte(&people[i]);
    daemon_check(&daemon_);
    daemon_stop(&daemon_);
    daemon_check_file(&daemon_);
}
END_TEST

/* What was begun is ended at the next start, and asked again it answers as ever. */
START_TEST(test_killed_in_the_middle)
{
    int rounds = test_rounds(8, 100);
    unsigned seed = test_seed();
    for (int i = 0; i < rounds; i++) {
        struct somebody who;
        char path[128];
        come(&who, 100000 + i);
        snprintf(path, sizeof path, "/v1/leads/%s", who.id);
        char *text = request_text(&daemon_, "DELETE", path, NULL, NULL);
        ck_assert(client_send(&client, text, strlen(text)));
        free(text);
        usleep((unsigned)rand_r(&seed) % 8000);
        daemon_kill(&daemon_);
        client_close(&client);
        daemon_start(&daemon_);
        client_init(&client, &daemon_);
        ck_assert_int_eq(erase(&who, ""), 204);
        expect_no_byte(&who);
        daemon_check(&daemon_);
    }
}
END_TEST

/* ---- What goes by itself ---- */

static void change_file(const char *script)
{
    sqlite3 *handle = NULL;
    char *error = NULL;
    ck_assert_int_eq(sqlite3_open_v2(daemon_.database, &handle, SQLITE_OPEN_READWRITE, NULL), 0);
    sqlite3_exec(handle, script, NULL, NULL, &error);
    ck_assert_msg(!error, "%s", error);
    sqlite3_close(handle);
}

static int64_t count_in_file(const char *query)
{
    sqlite3 *handle = NULL;
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_open_v2(daemon_.database, &handle, SQLITE_OPEN_READWRITE, NULL), 0);
    ck_assert_int_eq(sqlite3_prepare_v2(handle, query, -1, &statement, NULL), 0);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    int64_t count = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return count;
}

static int64_t total_of(const char *list)
{
    char path[64];
    snprintf(path, sizeof path, "/v1/%s?limit=1&count=true", list);
    struct answer answer = client_get(&client, path);
    return answer_number(answer.body, "total");
}

/* Posts of nobody go when they are 90 days old, however many there are; what a lead came of stays,
 * and what is younger. */
START_TEST(test_journal_expires)
{
    enum { OLD = 200, KEPT = 2 };
    static const char nobody[] = "email=no-address&message=ann%40gone.example";
    static const char ann[] = "email=ann%40others.example";
    ck_assert_int_eq(client_post_form(&client, form_path, nobody).status / 100, 4);
    ck_assert_int_eq(client_post_form(&client, form_path, ann).status, 200);
    daemon_stop(&daemon_);
    client_close(&client);
    ck_assert_int_ge(count_in_file("SELECT count(*) FROM submission_key"), 2);
    change_file("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
                "INSERT INTO submission (id, form, received_at, content_type, body, verdict) "
                "SELECT randomblob(16), form, received_at, content_type, body, verdict "
                "FROM submission, n WHERE lead_id IS NULL;"
                "INSERT INTO submission_key SELECT randomblob(32), id FROM submission "
                "WHERE lead_id IS NULL;"
                "UPDATE submission SET received_at = received_at - 91 * 86400000 "
                "WHERE lead_id IS NOT NULL OR id <> "
                "(SELECT min(id) FROM submission WHERE lead_id IS NULL);"
                "UPDATE submission SET received_at = received_at - 89 * 86400000 "
                "WHERE lead_id IS NULL AND id = "
                "(SELECT min(id) FROM submission WHERE lead_id IS NULL)");
    ck_assert_int_eq(count_in_file("SELECT count(*) FROM submission"), OLD + KEPT);
    daemon_.settings[0] = "FUNNELD_JOURNAL_DAYS=0"; /* for ever */
    daemon_start(&daemon_);
    ck_assert_int_eq(total_of("submissions"), OLD + KEPT);
    daemon_stop(&daemon_);
    client_close(&client);
    daemon_.settings[0] = NULL;
    daemon_start(&daemon_);
    for (int i = 0; i < 1000 && total_of("submissions") > KEPT; i++)
        usleep(10000);
    ck_assert_int_eq(total_of("submissions"), KEPT);
    daemon_stop(&daemon_);
    ck_assert_int_eq(count_in_file("SELECT count(*) FROM submission WHERE lead_id IS NULL"), 1);
    ck_assert_int_eq(count_in_file("SELECT count(*) FROM submission_key WHERE submission_id "
                                   "NOT IN (SELECT id FROM submission)"),
                     0);
    daemon_check_file(&daemon_);
}
END_TEST

/* Jobs and what they found are kept for 30 days, answers for one, of however many. */
START_TEST(test_the_rest_expires)
{
    daemon_stop(&daemon_);
    client_close(&client);
    change_file("CREATE TEMP TABLE age AS "
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
                "SELECT i, unixepoch() * 1000 AS now, "
                "CASE WHEN i = 200 THEN 3600000 ELSE -3600000 END AS younger FROM n;"
                "INSERT INTO job (id, kind, state, done, created_at, finished_at) "
                "SELECT randomblob(16), 1, 2, 0, 1, now - 30 * 86400000 + younger FROM age;"
                "INSERT INTO job_crossing (job, criterion, direction, last_lead, leads) "
                "SELECT id, 1, 0, randomblob(16), x'' FROM job;"
                "INSERT INTO idempotency (key_id, key, fingerprint, created_at, status) "
                "SELECT zeroblob(16), i, x'', now - 86400000 + younger, 200 FROM age");
    daemon_start(&daemon_);
    client_init(&client, &daemon_);
    for (int i = 0; i < 1000 && total_of("jobs") > 1; i++) /* the last to be looked at */
        usleep(10000);
    daemon_stop(&daemon_);
    client_close(&client);
    ck_assert_int_eq(count_in_file("SELECT count(*) FROM job"), 1);
    ck_assert_int_eq(count_in_file("SELECT count(*) FROM job_crossing"), 1);
    ck_assert_int_eq(count_in_file("SELECT count(*) FROM idempotency"), 1);
    daemon_check_file(&daemon_);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("faults daemon erase");
    TCase *tcase = tcase_create("erase");
    tcase_set_timeout(tcase, test_is_long() ? 1100 : 100 * TEST_SLOWNESS);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_no_byte_is_left);
    tcase_add_test(tcase, test_killed_in_the_middle);
    tcase_add_test(tcase, test_journal_expires);
    tcase_add_test(tcase, test_the_rest_expires);
    suite_add_tcase(suite, tcase);
    return suite;
}
