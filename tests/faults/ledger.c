/* ledger.c: writing: what the workers of ledger.h send. */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger_private.h"

/* ---- What is sent ---- */

static struct entry *entry_add(struct ledger_worker *worker, enum entry_kind kind)
{
    if (worker->count == worker->capacity) {
        worker->capacity = worker->capacity * 2 + 256;
        worker->entries = realloc(worker->entries, worker->capacity * sizeof *worker->entries);
        if (!worker->entries)
            abort();
    }
    struct entry *entry = &worker->entries[worker->count];
    *entry = (struct entry){ .kind = kind };
    snprintf(entry->marker, sizeof entry->marker, "w%d-%zu", worker->number, worker->count);
    worker->count++;
    return entry;
}

/* A lead of its own that is known to be there, or NULL. */
static const char *some_lead(struct ledger_worker *worker)
{
    for (int tries = 0; tries < 20 && worker->count > 0; tries++) {
        const struct entry *entry = &worker->entries[(size_t)rand_r(&worker->seed) % worker->count];
        if (entry->kind == ENTRY_LEAD && entry->state == ENTRY_KEPT)
            return entry->id;
    }
    return NULL;
}

static char *batch_body(const struct entry *entry)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    fputs("{\"activities\":[", out);
    for (int i = 0; i < entry->items; i++)
        fprintf(out, "%s{\"lead_id\":\"%s\",\"type\":\"page_view\",\"external_id\":\"%s-%d\"}",
                i ? "," : "", entry->lead, entry->marker, i);
    fputs("]}", out);
    fclose(out);
    return text;
}

struct answer entry_send(struct client *client, const struct entry *entry)
{
    char target[128], body[512];
    switch (entry->kind) {
    case ENTRY_LEAD:
        snprintf(body, sizeof body, "{\"email\":\"%s@ledger.example\",\"first_name\":\"%s\"}",
                 entry->marker, entry->marker);
        return client_post(client, "/v1/leads", body);
    case ENTRY_ACTIVITY:
        snprintf(target, sizeof target, "/v1/leads/%s/activities", entry->lead);
        snprintf(body, sizeof body, "{\"type\":\"email_clicked\",\"external_id\":\"%s\"}",
                 entry->marker);
        return client_post(client, target, body);
    case ENTRY_BATCH: {
        char *text = batch_body(entry);
        struct answer answer = client_post(client, "/v1/activities", text);
        free(text);
        return answer;
    }
    case ENTRY_FORM:
        snprintf(body, sizeof body, "email=%s%%40ledger.example&company=%s", entry->marker,
                 entry->marker);
        return client_post_form(client, "/f/" LEDGER_FORM, body);
    case ENTRY_MOVE:
        snprintf(target, sizeof target, "/v1/leads/%s/move", entry->lead);
        snprintf(body, sizeof body, "{\"stage\":\"%s\",\"reason\":\"%s\"}", entry->stage,
                 entry->marker);
        return client_post(client, target, body);
    }
    abort();
}

static bool batch_accept(struct entry *entry, const struct answer *answer)
{
    const char *at = answer->body;
    entry->ids = calloc((size_t)entry->items, sizeof *entry->ids);
    if (!entry->ids)
        abort();
    for (int i = 0; i < entry->items; i++) {
        at = strstr(at, "{\"status\":20");
        if (!at || !answer_text(at, "id", entry->ids[i], UUID_SIZE))
            return false;
        at++;
    }
    return answer_number(answer->body, "failed") == 0;
}

/* The answer to a write that was done, or was done before; false when it is not what was asked
 * for. */
bool entry_accept(struct entry *entry, const struct answer *answer)
{
    entry->state = ENTRY_KEPT;
    switch (entry->kind) {
    case ENTRY_BATCH: return answer->status == 200 && batch_accept(entry, answer);
    case ENTRY_FORM: return answer->status == 200 && strstr(answer->body, "\"ok\":true");
    case ENTRY_LEAD:
        return answer->status == 201 && answer_text(answer->body, "id", entry->id, UUID_SIZE);
    case ENTRY_ACTIVITY:
        return (answer->status == 201 || answer->status == 200) &&
               answer_text(answer->body, "id", entry->id, UUID_SIZE);
    case ENTRY_MOVE: return answer->status == 200;
    }
    return false;
}

/* ---- The workers ---- */

static const char *some_stage(struct ledger_worker *worker, const char *lead)
{
    static const char *const stages[] = { "sql", "demo", "proposal" };
    const char *last = NULL;
    for (size_t i = worker->count; i > 0 && !last; i--)
        if (worker->entries[i - 1].kind == ENTRY_MOVE &&
            worker->entries[i - 1].state == ENTRY_KEPT &&
            strcmp(worker->entries[i - 1].lead, lead) == 0)
            last = worker->entries[i - 1].stage;
    /* Moving to where it is already is refused. Rules move it too, but no further than to mql. */
    const char *stage;
    do
        stage = stages[rand_r(&worker->seed) % 3];
    while (last && strcmp(last, stage) == 0);
    return stage;
}

static bool worker_send(struct ledger_worker *worker, struct entry *entry)
{
    struct ledger *ledger = worker->ledger;
    struct answer answer = entry_send(&worker->client, entry);
    if (answer.outcome == ANSWERED && answer.status == 503 && atomic_load(&ledger->may_refuse)) {
        entry->state = ENTRY_FAILED;
        atomic_fetch_add(&ledger->refused, 1);
        if (!strcasestr(answer.head, "\r\nRetry-After: "))
            snprintf(worker->complaint, sizeof worker->complaint, "a 503 without Retry-After");
        return true;
    }
    if (answer.outcome == ANSWERED) {
        atomic_fetch_add(&ledger->acknowledged, 1);
        if (!entry_accept(entry, &answer))
            snprintf(worker->complaint, sizeof worker->complaint, "%s: answer %d: %.300s",
                     entry->marker, answer.status, answer.body);
        return !worker->complaint[0];
    }
    if (answer.outcome == SILENT || (answer.outcome == HALF && ledger->no_half_answers))
        snprintf(worker->complaint, sizeof worker->complaint, "%s: %s", entry->marker,
                 answer.outcome == SILENT ? "no answer" : "half an answer");
    return false;
}

static bool worker_write(struct ledger_worker *worker, enum entry_kind kind)
{
    const char *lead = some_lead(worker);
    char named[UUID_SIZE] = "";
    if (kind == ENTRY_FORM ? !worker->ledger->has_form : !lead)
        kind = ENTRY_LEAD;
    if (lead)
        memcpy(named, lead, UUID_SIZE); /* entry_add() may move it */
    const char *stage = kind == ENTRY_MOVE ? some_stage(worker, named) : NULL;
    struct entry *entry = entry_add(worker, kind);
    if (kind != ENTRY_LEAD && kind != ENTRY_FORM)
        memcpy(entry->lead, named, UUID_SIZE);
    entry->stage = stage;
    if (kind == ENTRY_BATCH) /* one in four is longer than the writer's slice */
        entry->items = rand_r(&worker->seed) % 4 ? 5 : 65 + rand_r(&worker->seed) % 130;
    return worker_send(worker, entry);
}

static void *worker_main(void *worker_)
{
    static const enum entry_kind kinds[] = { ENTRY_LEAD,     ENTRY_LEAD,     ENTRY_ACTIVITY,
                                             ENTRY_ACTIVITY, ENTRY_ACTIVITY, ENTRY_BATCH,
                                             ENTRY_FORM,     ENTRY_MOVE };
    struct ledger_worker *worker = worker_;
    while (!atomic_load(&worker->ledger->stopping))
        if (!worker_write(worker,
                          kinds[(size_t)rand_r(&worker->seed) % (sizeof kinds / sizeof kinds[0])]))
            break;
    client_close(&worker->client);
    return NULL;
}

void ledger_begin(struct ledger *ledger)
{
    atomic_store(&ledger->stopping, false);
    for (int i = 0; i < ledger->worker_count; i++)
        ck_assert_int_eq(
            pthread_create(&ledger->workers[i].thread, NULL, worker_main, &ledger->workers[i]), 0);
}

static void complaints_check(struct ledger *ledger)
{
    for (int i = 0; i < ledger->worker_count; i++) {
        if (!ledger->workers[i].complaint[0])
            continue;
        daemon_show_log(ledger->daemon);
        ck_abort_msg("%s", ledger->workers[i].complaint);
    }
}

void ledger_end(struct ledger *ledger)
{
    for (int i = 0; i < ledger->worker_count; i++)
        pthread_join(ledger->workers[i].thread, NULL);
    complaints_check(ledger);
}

bool ledger_step(struct ledger *ledger, enum entry_kind kind)
{
    bool answered = worker_write(&ledger->workers[0], kind);
    complaints_check(ledger);
    return answered;
}

void ledger_make(struct ledger *ledger, struct daemon *daemon, int workers)
{
    ck_assert_int_le(workers, WORKERS_MAX);
    memset(ledger, 0, sizeof *ledger);
    ledger->daemon = daemon;
    ledger->worker_count = workers;
    for (int i = 0; i < workers; i++) {
        struct ledger_worker *worker = &ledger->workers[i];
        *worker = (struct ledger_worker){ .ledger = ledger,
                                          .number = i,
                                          .seed = test_seed() * 1000u + (unsigned)i };
        client_init(&worker->client, daemon);
    }
}

struct answer ledger_make_form(struct ledger *ledger)
{
    struct client client;
    client_init(&client, ledger->daemon);
    struct answer answer =
        client_post(&client, "/v1/forms", "{\"name\":\"Ledger\",\"key\":\"" LEDGER_FORM "\"}");
    ledger->has_form = answer.status == 201;
    client_close(&client);
    return answer;
}

void ledger_done(struct ledger *ledger)
{
    for (int i = 0; i < ledger->worker_count; i++) {
        struct ledger_worker *worker = &ledger->workers[i];
        client_close(&worker->client);
        for (size_t j = 0; j < worker->count; j++)
            free(worker->entries[j].ids);
        free(worker->entries);
    }
}
