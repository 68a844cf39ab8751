/* test_mutations.c: valid requests with something broken in them, by the thousand: whatever a
 * client sends is the client's mistake, and is answered as one. */
#include "errors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 4000, TEXT_MAX = 4096 };

static struct seeds seeds;
static uint64_t state;

static void setup(void)
{
    service_setup();
    seeds_make(&seeds);
}

static size_t below(size_t limit) /* splitmix64 */
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((z ^ (z >> 31)) % limit);
}

static long from_environment(const char *name, long fallback)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : fallback;
}

/* Bodies with more in them than those of known_routes. */
static const struct {
    const char *method, *path, *body;
} rich[] = {
    { "POST", "/v1/leads",
      "{'email':'z@example.com','phone':'+49 30 123456','amount_minor':100,'currency':'USD',"
      "'source':'web','source_system':'shop','external_id':'7','stage':'sql'}" },
    { "POST", "/v1/leads?on_duplicate=merge", "{'email':'seed@example.com','city':'Bern'}" },
    { "POST", "/v1/activities",
      "{'activities':[{'email':'seed@example.com','type':'page_view','external_id':'1',"
      "'occurred_at':'2024-02-29T23:59:59.999Z','properties':{'url':'/','n':[1,2.5,null]}},"
      "{'email':'seed@example.com','type':'call'}]}" },
    { "POST", "/v1/import/leads",
      "{'items':[{'email':'o@example.com','created_at':'2018-02-01T00:00:00Z','source':'x'},"
      "{'source_system':'olist','external_id':'9','created_at':'2017-10-20T00:00:00+02:00'}]}" },
    { "POST", "/v1/import/stage-events",
      "{'items':[{'email':'seed@example.com','to':'won','occurred_at':'2018-05-08T20:17:59Z',"
      "'amount_minor':5,'reason':'x'},{'email':'o@example.com','to':'demo',"
      "'occurred_at':'2018-05-08T20:17:59Z'}]}" },
    { "POST", "/v1/forms",
      "{'name':'F','key':'another-form','redirect_hosts':['www.example.com'],"
      "'allowed_origins':['https://www.example.com'],'source':'web'}" },
    { "POST", "/f/seed-form", "{'email':'p@example.com','a':{'b':[1,{'c':null}]}}" },
    { "GET", "/v1/leads?status=open&sort=-score,id&limit=5&score[gte]=1", NULL },
    { "GET", "/v1/leads?cursor=-created_at.1700000000000." UNKNOWN_ID, NULL },
    { "GET", "/v1/leads?created_at[gte]=2024-01-01T00:00:00Z&source=web&email=a@example.com",
      NULL },
    { "GET", "/v1/metrics/funnel?basis=period&from=2018-01-01&to=2019-01-01&group_by=source",
      NULL },
    { "GET", "/v1/metrics/funnel?within_days=30&pipeline=default", NULL },
};

static const char *const tokens[] = {
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "-0",
    "9223372036854775807",
    "\"\"",
    "[]",
    "{}",
    "\"\\u0000\"",
    "\"\xf0\x9f\x98\x80\"",
    "{\"a\":",
    "[[[[",
    "\"id\"",
    "\"2024-02-30T00:00:00Z\"",
    "99999999999999999999999",
    "\\",
    "\"",
    ",",
    ":",
    "}",
    "\xff",
    "1.5",
    "\"\\ud83d\"",
    "\"email\":\"x@y.example\"",
    "%00",
    "%",
    "&",
    "=",
    "\"9999-12-31T23:59:59.999Z\"",
    "\"1970-01-01T00:00:00Z\"",
    "-9223372036854775808",
};

struct text {
    char data[TEXT_MAX + 1];
    size_t length;
};

static void splice(struct text *text, size_t at, size_t removed, const char *data, size_t bytes)
{
    if (at > text->length)
        at = text->length;
    if (removed > text->length - at)
        removed = text->length - at;
    if (text->length - removed + bytes > TEXT_MAX)
        return;
    memmove(text->data + at + bytes, text->data + at + removed, text->length - at - removed);
    memcpy(text->data + at, data, bytes);
    text->length += bytes - removed;
    text->data[text->length] = '\0';
}

static void mutate(struct text *text)
{
    size_t at = below(text->length + 1);
    char byte = (char)below(256);
    const char *token = tokens[below(ARRAY_SIZE(tokens))];
    char part[256];
    size_t bytes = below(40);
    switch (below(6)) {
    case 0: splice(text, at, 1, &byte, 1); break;
    case 1: splice(text, at, below(8), "", 0); break;
    case 2: splice(text, at, below(12), token, strlen(token)); break;
    case 3:
        bytes = at + bytes > text->length ? text->length - at : bytes;
        memcpy(part, text->data + at, bytes);
        splice(text, below(text->length + 1), 0, part, bytes);
        break;
    case 4: splice(text, at, text->length, "", 0); break;
    default: splice(text, at, 0, &byte, 1); break;
    }
}

/* Bytes that cannot stand in a request line are for the wire tests. */
static void mutate_path(struct text *text)
{
    mutate(text);
    if (text->length == 0 || text->data[0] != '/')
        splice(text, 0, 0, "/", 1);
    for (size_t i = 0; i < text->length; i++)
        if ((unsigned char)text->data[i] <= ' ' || (unsigned char)text->data[i] >= 0x7f ||
            text->data[i] == '#')
            text->data[i] = '%';
}

struct sample {
    const char *method;
    struct text path, body;
    bool has_body;
};

static void pick(struct sample *ret)
{
    *ret = (struct sample){ 0 };
    size_t index = below(known_route_count + ARRAY_SIZE(rich));
    const char *path, *body;
    if (index < known_route_count) {
        ret->method = known_routes[index].method;
        path = route_path(&known_routes[index], &seeds, NULL);
        body = known_routes[index].body;
    } else {
        ret->method = rich[index - known_route_count].method;
        path = rich[index - known_route_count].path;
        body = rich[index - known_route_count].body;
    }
    splice(&ret->path, 0, 0, path, strlen(path));
    ret->has_body = body != NULL;
    if (body)
        splice(&ret->body, 0, 0, body, strlen(body));
    for (size_t i = 0; i < ret->body.length; i++)
        if (ret->body.data[i] == '\'')
            ret->body.data[i] = '"';
}

static const struct answer *send_sample(const struct sample *sample)
{
    static const char *const headers[] = { NULL,
                                           "If-Match: \"v1",
                                           "Origin: null",
                                           "Sec-Fetch-Mode: navigate",
                                           "X-Request-Id: a b",
                                           "Accept: text/html",
                                           "Origin: https://x.example" };
    static const char *const types[] = {
        NULL, NULL, NULL, NULL, NULL, "", "application/x-www-form-urlencoded", "text/plain"
    };
    struct ask ask = { .method = sample->method,
                       .path = sample->path.data,
                       .content_type = types[below(ARRAY_SIZE(types))],
                       .headers = { headers[below(ARRAY_SIZE(headers))] } };
    if (sample->has_body) {
        ask.body = sample->body.data;
        ask.body_bytes = sample->body.length;
    }
    struct client *client = below(8) == 0 ? fixture.control : fixture.client;
    return client_ask(client, &ask);
}

START_TEST(never_our_fault)
{
    long seed = from_environment("FUNNELD_TEST_SEED", 7);
    long rounds = from_environment("FUNNELD_TEST_ITERATIONS", ROUNDS);
    state = (uint64_t)seed;
    long counts[6] = { 0 };
    for (long i = 0; i < rounds; i++) {
        struct sample sample;
        pick(&sample);
        for (size_t times = below(3); times > 0; times--)
            sample.has_body &&below(4) ? mutate(&sample.body) : mutate_path(&sample.path);
        const struct answer *answer = send_sample(&sample);
        const char *complaint = answer->status >= 400 ? problem_complaint(answer) : NULL;
        ck_assert_msg(answer->status < 500 && !complaint, "seed %ld, round %ld: %s %s %s: %d %s %s",
                      seed, i, sample.method, sample.path.data, sample.body.data, answer->status,
                      complaint ? complaint : "", answer->body);
        counts[answer->status / 100]++;
        client_forget(fixture.client);
        client_forget(fixture.control);
    }
    ck_assert_msg(rounds < 1000 || (counts[2] > rounds / 10 && counts[4] > rounds / 10),
                  "%ld successes and %ld refusals: the mutations do not hit", counts[2], counts[4]);
}
END_TEST

TCase *fuzz_tcase(void)
{
    TCase *tcase = tcase_create("mutations");
    tcase_add_checked_fixture(tcase, setup, service_teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, never_our_fault);
    return tcase;
}
