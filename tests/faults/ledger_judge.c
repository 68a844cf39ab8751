/* ledger_judge.c: judging: whether the data file holds what the ledger says it must. */
#include "ledger_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE = 64 }; /* a long batch is committed in slices of so many items */

static struct answer get(struct client *client, const char *target)
{
    struct answer answer = client_get(client, target);
    ck_assert_msg(answer.status == 200, "GET %s: outcome %d, status %d: %.300s", target,
                  answer.outcome, answer.status, answer.outcome == ANSWERED ? answer.body : "");
    return answer;
}

/* All pages of a list, one behind the other; from malloc(). */
static char *get_all(struct client *client, const char *list)
{
    char *text = NULL, cursor[256] = "";
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    for (int pages = 0; pages < 10000; pages++) {
        char target[512];
        snprintf(target, sizeof target, "%s?limit=200%s%s", list, *cursor ? "&cursor=" : "",
                 cursor);
        struct answer answer = get(client, target);
        fputs(answer.body, out);
        if (!strstr(answer.body, "\"has_more\":true"))
            break;
        ck_assert(answer_text(answer.body, "next_cursor", cursor, sizeof cursor));
    }
    fclose(out);
    return text;
}

static char *timeline_of(struct client *client, const char *lead)
{
    char target[96];
    snprintf(target, sizeof target, "/v1/leads/%s/activities", lead);
    return get_all(client, target);
}

/* Has no pages. Lives until the next answer of the client. */
static const char *history_of(struct client *client, const char *lead)
{
    char target[96];
    snprintf(target, sizeof target, "/v1/leads/%s/stages", lead);
    return get(client, target).body;
}

static int count_member(const char *text, const char *member, const char *value)
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "\"%s\":\"%s\"", member, value);
    return answer_count(text, wanted);
}

/* How many leads have the e-mail of the entry; the id of the last of them. */
static int leads_of(struct client *client, const struct entry *entry, char id[static UUID_SIZE])
{
    char target[128], email[MARKER_SIZE + 24];
    snprintf(email, sizeof email, "%s@ledger.example", entry->marker);
    snprintf(target, sizeof target, "/v1/leads?email=%s%%40ledger.example", entry->marker);
    struct answer answer = get(client, target);
    int count = count_member(answer.body, "email", email);
    if (count > 0)
        ck_assert(answer_text(answer.body, "id", id, UUID_SIZE));
    return count;
}

/* ---- What was acknowledged ---- */

static void expect_activity(struct client *client, const char *id, const char *external_id,
                            const char *lead)
{
    char target[96];
    snprintf(target, sizeof target, "/v1/activities/%s", id);
    struct answer answer = get(client, target);
    ck_assert_msg(count_member(answer.body, "external_id", external_id) == 1 &&
                      count_member(answer.body, "lead_id", lead) == 1,
                  "activity %s is not %s of lead %s: %s", id, external_id, lead, answer.body);
}

static void expect_lead(struct client *client, const struct entry *entry)
{
    char target[96], email[MARKER_SIZE + 24];
    snprintf(target, sizeof target, "/v1/leads/%s", entry->id);
    snprintf(email, sizeof email, "%s@ledger.example", entry->marker);
    struct answer answer = get(client, target);
    ck_assert_msg(count_member(answer.body, "email", email) == 1 &&
                      count_member(answer.body, "first_name", entry->marker) == 1,
                  "lead %s: %s", entry->marker, answer.body);
}

static void expect_move(struct client *client, const struct entry *entry)
{
    const char *history = history_of(client, entry->lead);
    char wanted[96], to[32] = "";
    ck_assert_msg(count_member(history, "reason", entry->marker) == 1, "move %s is %d times in: %s",
                  entry->marker, count_member(history, "reason", entry->marker), history);
    snprintf(wanted, sizeof wanted, "\"reason\":\"%s\"", entry->marker);
    const char *begin = strstr(history, wanted);
    while (begin > history && strncmp(begin, "{\"id\":", 6) != 0)
        begin--;
    ck_assert(answer_text(begin, "to", to, sizeof to));
    ck_assert_str_eq(to, entry->stage);
}

/* Its lead, once, with the activity that a form makes. The journal is looked at as a whole. */
static void expect_form(struct client *client, struct entry *entry)
{
    ck_assert_msg(leads_of(client, entry, entry->id) == 1, "form post %s is lost", entry->marker);
    char *timeline = timeline_of(client, entry->id);
    ck_assert_int_eq(count_member(timeline, "type", "form_submitted"), 1);
    free(timeline);
}

static void expect_kept(struct client *client, struct entry *entry)
{
    char external_id[MARKER_SIZE + 12];
    switch (entry->kind) {
    case ENTRY_LEAD: expect_lead(client, entry); return;
    case ENTRY_ACTIVITY: expect_activity(client, entry->id, entry->marker, entry->lead); return;
    case ENTRY_BATCH:
        for (int i = 0; i < entry->items; i++) {
            snprintf(external_id, sizeof external_id, "%s-%d", entry->marker, i);
            expect_activity(client, entry->ids[i], external_id, entry->lead);
        }
        return;
    case ENTRY_FORM: expect_form(client, entry); return;
    case ENTRY_MOVE: expect_move(client, entry); return;
    }
}

/* ---- What was not ---- */

/* How much of it is there: 0 or 1, for a batch the number of its first items. */
static int extent(struct client *client, struct entry *entry)
{
    char *text = NULL, external_id[MARKER_SIZE + 12];
    int count = 0;
    switch (entry->kind) {
    case ENTRY_LEAD:
    case ENTRY_FORM: return leads_of(client, entry, entry->id);
    case ENTRY_ACTIVITY:
        text = timeline_of(client, entry->lead);
        count = count_member(text, "external_id", entry->marker);
        break;
    case ENTRY_MOVE: return count_member(history_of(client, entry->lead), "reason", entry->marker);
    case ENTRY_BATCH:
        text = timeline_of(client, entry->lead);
        for (int i = 0; i < entry->items; i++) {
            snprintf(external_id, sizeof external_id, "%s-%d", entry->marker, i);
            int there = count_member(text, "external_id", external_id);
            ck_assert_msg(there == 0 || (there == 1 && count == i),
                          "batch %s: item %d is there %d times, %d before it are", entry->marker, i,
                          there, count);
            count += there;
        }
        break;
    }
    free(text);
    return count;
}

static void expect_whole_or_nothing(struct entry *entry, int there)
{
    if (entry->kind == ENTRY_BATCH)
        ck_assert_msg(there == entry->items || there % SLICE == 0,
                      "batch %s is half there: %d of %d", entry->marker, there, entry->items);
    else
        ck_assert_msg(there <= 1, "%s is there %d times", entry->marker, there);
}

/* The same again, as a careful client does it: it must not count twice. */
static void send_again(struct client *client, struct entry *entry, int there)
{
    struct answer answer = entry_send(client, entry);
    if (entry->kind == ENTRY_LEAD && there) {
        ck_assert_msg(answer.status == 409, "a known lead: %d", answer.status);
        entry->state = ENTRY_KEPT;
        return;
    }
    int status = entry->kind == ENTRY_BATCH || (entry->kind == ENTRY_ACTIVITY && there) ? 200 : 201;
    ck_assert_msg(answer.status == status, "%s again (%d there): outcome %d, status %d: %.300s",
                  entry->marker, there, answer.outcome, answer.status,
                  answer.outcome == ANSWERED ? answer.body : "");
    ck_assert(entry_accept(entry, &answer));
    if (entry->kind == ENTRY_BATCH)
        ck_assert_int_eq(answer_number(answer.body, "recorded"), entry->items - there);
}

static void judge_open(struct client *client, struct entry *entry)
{
    int there = extent(client, entry);
    expect_whole_or_nothing(entry, there);
    if (entry->kind == ENTRY_FORM || entry->kind == ENTRY_MOVE)
        entry->state = there ? ENTRY_KEPT : ENTRY_GONE;
    else
        send_again(client, entry, there);
}

void ledger_settle(struct ledger *ledger)
{
    struct client client;
    client_init(&client, ledger->daemon);
    for (int i = 0; i < ledger->worker_count; i++) {
        struct ledger_worker *worker = &ledger->workers[i];
        for (; worker->checked < worker->count; worker->checked++) {
            struct entry *entry = &worker->entries[worker->checked];
            if (entry->state == ENTRY_OPEN || entry->state == ENTRY_FAILED)
                judge_open(&client, entry);
            if (entry->state == ENTRY_KEPT)
                expect_kept(&client, entry);
        }
    }
    client_close(&client);
    daemon_check(ledger->daemon);
}

void ledger_expect_gone(struct ledger *ledger)
{
    struct client client;
    client_init(&client, ledger->daemon);
    for (int i = 0; i < ledger->worker_count; i++)
        for (size_t j = 0; j < ledger->workers[i].count; j++) {
            struct entry *entry = &ledger->workers[i].entries[j];
            if (entry->state != ENTRY_OPEN && entry->state != ENTRY_FAILED)
                continue;
            int there = extent(&client, entry);
            ck_assert_msg(entry->kind == ENTRY_BATCH ? there < entry->items : there == 0,
                          "%s was not acknowledged, and is there", entry->marker);
            expect_whole_or_nothing(entry, there);
        }
    client_close(&client);
}

static bool is_there(struct client *client, const char *lead)
{
    char target[96];
    snprintf(target, sizeof target, "/v1/leads/%s", lead);
    return client_get(client, target).status == 200;
}

void ledger_expect_copy(struct ledger *ledger)
{
    struct client client;
    client_init(&client, ledger->daemon);
    for (int i = 0; i < ledger->worker_count; i++) {
        struct ledger_worker *worker = &ledger->workers[i];
        for (size_t j = 0; j < worker->count; j++) {
            struct entry *entry = &worker->entries[j];
            if (j < worker->checked)
                expect_kept(&client, entry);
            else if (!*entry->lead || is_there(&client, entry->lead))
                expect_whole_or_nothing(entry, extent(&client, entry));
        }
    }
    client_close(&client);
    daemon_check(ledger->daemon);
}

/* ---- Everything ---- */

/* Every activity of the lead is one that was written, and once. */
static void verify_timeline(struct client *client, const struct ledger_worker *worker,
                            const struct entry *lead)
{
    char *timeline = timeline_of(client, lead->id);
    char external_id[MARKER_SIZE + 12];
    int expected = 0;
    for (size_t i = 0; i < worker->count; i++) {
        const struct entry *entry = &worker->entries[i];
        if (entry->state != ENTRY_KEPT || strcmp(entry->lead, lead->id) != 0)
            continue;
        if (entry->kind == ENTRY_ACTIVITY) {
            ck_assert_int_eq(count_member(timeline, "external_id", entry->marker), 1);
            expected++;
        }
        for (int j = 0; entry->kind == ENTRY_BATCH && j < entry->items; j++) {
            snprintf(external_id, sizeof external_id, "%s-%d", entry->marker, j);
            ck_assert_int_eq(count_member(timeline, "external_id", external_id), 1);
            expected++;
        }
    }
    ck_assert_int_eq(answer_count(timeline, "\"recorded_at\":"), expected);
    free(timeline);
}

static void verify_entry(struct client *client, const struct ledger_worker *worker,
                         struct entry *entry, const char *journal)
{
    if (entry->state == ENTRY_GONE) {
        ck_assert_int_eq(extent(client, entry), 0);
        return;
    }
    expect_kept(client, entry);
    if (entry->kind == ENTRY_LEAD)
        verify_timeline(client, worker, entry);
    if (entry->kind == ENTRY_FORM)
        ck_assert_msg(count_member(journal, "lead_id", entry->id) == 1,
                      "form post %s is not once in the journal", entry->marker);
}

void ledger_verify(struct ledger *ledger)
{
    struct client client;
    int leads = 0, forms = 0;
    ledger_settle(ledger);
    client_init(&client, ledger->daemon);
    char *journal = get_all(&client, "/v1/submissions");
    for (int i = 0; i < ledger->worker_count; i++)
        for (size_t j = 0; j < ledger->workers[i].count; j++) {
            struct entry *entry = &ledger->workers[i].entries[j];
            verify_entry(&client, &ledger->workers[i], entry, journal);
            leads += entry->state == ENTRY_KEPT &&
                     (entry->kind == ENTRY_LEAD || entry->kind == ENTRY_FORM);
            forms += entry->state == ENTRY_KEPT && entry->kind == ENTRY_FORM;
        }
    ck_assert_int_eq(answer_count(journal, "\"received_at\":"), forms);
    free(journal);
    struct answer answer = client_get(&client, "/v1/leads?limit=1&count=true");
    ck_assert_int_eq(answer_number(answer.body, "total"), leads);
    client_close(&client);
}
