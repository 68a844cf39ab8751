/* test_members.c: every member of every body, one at a time, with what it must not be. The limits
 * are told again here, so that one that changes is noticed. */
#include "errors.h"

#include <funneld/rules.h>
#include <funneld/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUIRED = 1, NOT_NULL = 2 };

struct member_case {
    const char *name;
    char kind; /* t: text, i: id, n: whole number, d: number, b: boolean, T: time, D: day, e: one of
                  names, o: object, a: texts, r: objects */
    int64_t min, max; /* number: value; text: characters; texts: items */
    int flags;
};

#define MONEY_MAX INT64_C(1000000000000000)
#define LEAD_MEMBERS                                                                               \
    { "email", 't', 1, 254, 0 }, { "phone", 't', 1, 40, 0 }, { "first_name", 't', 1, 100, 0 },     \
        { "last_name", 't', 1, 100, 0 }, { "company", 't', 1, 200, 0 },                            \
        { "job_title", 't', 1, 200, 0 }, { "website", 't', 1, 500, 0 },                            \
        { "industry", 't', 1, 100, 0 }, { "country", 't', 1, 100, 0 }, { "city", 't', 1, 100, 0 }, \
        { "source", 't', 1, 100, 0 }, { "campaign", 'i', 0, 0, 0 }, { "owner", 'i', 0, 0, 0 },     \
        { "amount_minor", 'n', 0, MONEY_MAX, 0 }, { "currency", 't', 3, 3, 0 },                    \
        { "source_system", 't', 1, 100, 0 }, { "external_id", 't', 1, 200, 0 },                    \
    {                                                                                              \
        "fields", 'o', 0, 0, 0                                                                     \
    }

static const struct member_case lead_patch[] = { LEAD_MEMBERS };
static const struct member_case lead_create[] = {
    LEAD_MEMBERS,
    { "pipeline", 't', 1, 64, 0 },
    { "stage", 't', 1, 64, 0 },
};
static const struct member_case lead_import[] = {
    LEAD_MEMBERS,
    { "pipeline", 't', 1, 64, 0 },
    { "stage", 't', 1, 64, 0 },
    { "created_at", 'T', 0, 0, 0 },
    { "status", 'e', 0, 0, 0 },
    { "closed_at", 'T', 0, 0, 0 },
};
#define FIELD_MEMBERS                                                                              \
    { "choices", 'a', 0, 100, 0 }, { "min", 'd', 0, 0, 0 }, { "max", 'd', 0, 0, 0 },               \
    {                                                                                              \
        "max_length", 'n', 1, 1000, 0                                                              \
    }
static const struct member_case custom_field[] = {
    { "key", 't', 1, 64, REQUIRED },
    { "name", 't', 1, 200, REQUIRED },
    { "type", 'e', 0, 0, REQUIRED },
    { "indexed", 'b', 0, 0, 0 },
    FIELD_MEMBERS,
};
static const struct member_case custom_field_patch[] = {
    { "name", 't', 1, 200, NOT_NULL },
    { "archived", 'b', 0, 0, NOT_NULL },
    FIELD_MEMBERS,
};
#define STAGE_MEMBERS                                                                              \
    { "probability_bp", 'n', 0, 10000, 0 }, { "offer_hours", 'n', 1, 8760, 0 },                    \
        { "offer_team", 'i', 0, 0, 0 },                                                            \
    {                                                                                              \
        "required_fields", 'a', 0, 20, 0                                                           \
    }
static const struct member_case stage[] = {
    { "key", 't', 1, 64, REQUIRED },
    { "name", 't', 1, 100, REQUIRED },
    { "kind", 'e', 0, 0, 0 },
    { "before", 't', 1, 64, 0 },
    STAGE_MEMBERS,
};
static const struct member_case stage_patch[] = { { "name", 't', 1, 100, NOT_NULL },
                                                  STAGE_MEMBERS };
static const struct member_case pipeline[] = {
    { "key", 't', 1, 64, REQUIRED },
    { "name", 't', 1, 100, REQUIRED },
    { "currency", 't', 3, 3, 0 },
    { "is_default", 'b', 0, 0, 0 },
};
static const struct member_case pipeline_patch[] = {
    { "name", 't', 1, 100, NOT_NULL },
    { "is_default", 'b', 0, 0, NOT_NULL },
};
static const struct member_case accept[] = {
    { "owner", 'i', 0, 0, 0 },
    { "reason", 't', 1, 500, 0 },
};
static const struct member_case reject[] = {
    { "kind", 'e', 0, 0, REQUIRED },
    { "reason", 't', 1, 500, 0 },
};
static const struct member_case recycle[] = {
    { "stage", 't', 1, 64, 0 },
    { "reason", 't', 1, 500, REQUIRED },
};
static const struct member_case team[] = {
    { "name", 't', 1, 200, REQUIRED },
    { "members", 'a', 0, 200, 0 },
};
static const struct member_case team_patch[] = {
    { "name", 't', 1, 200, NOT_NULL },
    { "members", 'a', 0, 200, 0 },
    { "archived", 'b', 0, 0, NOT_NULL },
};
static const struct member_case user_patch[] = {
    { "name", 't', 1, 200, NOT_NULL },
    { "archived", 'b', 0, 0, NOT_NULL },
};
static const struct member_case stage_order[] = { { "stages", 'a', 1, 32, REQUIRED } };
static const struct member_case move[] = {
    { "stage", 't', 1, 64, REQUIRED },
    { "reason", 't', 1, 500, 0 },
    { "cause", 'e', 0, 0, 0 },
};
static const struct member_case win[] = {
    { "reason", 't', 1, 500, 0 },
    { "amount_minor", 'n', 0, MONEY_MAX, 0 },
};
static const struct member_case closing[] = { { "reason", 't', 1, 500, 0 } };
static const struct member_case activity[] = {
    { "type", 't', 1, 64, REQUIRED },  { "occurred_at", 'T', 0, 0, 0 },
    { "campaign", 'i', 0, 0, 0 },      { "source_system", 't', 1, 100, 0 },
    { "external_id", 't', 1, 200, 0 }, { "engagement", 'e', 0, 0, 0 },
    { "properties", 'o', 0, 0, 0 },
};
static const struct member_case activity_patch[] = {
    { "type", 't', 1, 64, NOT_NULL }, { "occurred_at", 'T', 0, 0, NOT_NULL },
    { "campaign", 'i', 0, 0, 0 },     { "engagement", 'e', 0, 0, 0 },
    { "properties", 'o', 0, 0, 0 },
};
static const struct member_case reclassify[] = {
    { "type", 't', 1, 64, 0 },        { "occurred_gte", 'T', 0, 0, 0 },
    { "occurred_lt", 'T', 0, 0, 0 },  { "campaign", 'i', 0, 0, 0 },
    { "user_agent", 't', 1, 200, 0 }, { "engagement_was", 'e', 0, 0, 0 },
    { "engagement", 'e', 0, 0, 0 },
};
static const struct member_case activity_item[] = {
    { "lead_id", 'i', 0, 0, 0 },
    { "email", 't', 1, 254, 0 },
    { "lead_external_id", 't', 1, 200, 0 },
    { "lead_source_system", 't', 1, 100, 0 },
    { "type", 't', 1, 64, REQUIRED },
    { "occurred_at", 'T', 0, 0, 0 },
    { "campaign", 'i', 0, 0, 0 },
    { "source_system", 't', 1, 100, 0 },
    { "external_id", 't', 1, 200, 0 },
    { "engagement", 'e', 0, 0, 0 },
    { "properties", 'o', 0, 0, 0 },
};
static const struct member_case campaign[] = {
    { "name", 't', 1, 200, REQUIRED },
    { "channel", 't', 1, 64, 0 },
    { "starts_on", 'D', 0, 0, 0 },
    { "ends_on", 'D', 0, 0, 0 },
    { "budget_minor", 'n', 0, MONEY_MAX, 0 },
};
static const struct member_case members[] = { { "lead_ids", 'a', 1, 1000, REQUIRED } };
static const struct member_case user[] = {
    { "email", 't', 1, 254, REQUIRED },
    { "name", 't', 1, 200, REQUIRED },
};
static const struct member_case form[] = {
    { "name", 't', 1, 200, REQUIRED },   { "key", 't', 8, 64, 0 },
    { "redirect_hosts", 'a', 0, 20, 0 }, { "allowed_origins", 'a', 0, 20, 0 },
    { "source", 't', 1, 100, 0 },        { "campaign", 'i', 0, 0, 0 },
};
static const struct member_case key[] = {
    { "name", 't', 1, 100, REQUIRED },
    { "scopes", 'a', 1, 4, REQUIRED },
};
static const struct member_case rule_set[] = {
    { "name", 't', 1, 200, REQUIRED },
    { "min_milli", 'n', -1000000000, 1000000000, 0 },
    { "max_milli", 'n', -1000000000, 1000000000, 0 },
    { "groups", 'r', 1, 16, REQUIRED },
    { "rules", 'r', 0, 64, REQUIRED },
    { "criteria", 'r', 0, 16, 0 },
};
#define RULE_SET                                                                                   \
    "{\"name\":\"Spring\",\"groups\":[{\"key\":\"fit\",\"min_milli\":0,\"max_milli\":9}],"         \
    "\"rules\":[]}"
static const struct member_case stage_event[] = {
    { "id", 'i', 0, 0, 0 },
    { "lead_id", 'i', 0, 0, 0 },
    { "email", 't', 1, 254, 0 },
    { "source_system", 't', 1, 100, 0 },
    { "external_id", 't', 1, 200, 0 },
    { "to", 't', 1, 64, 0 },
    { "to_status", 'e', 0, 0, 0 },
    { "occurred_at", 'T', 0, 0, REQUIRED },
    { "reason", 't', 1, 500, 0 },
    { "amount_minor", 'n', 0, MONEY_MAX, 0 },
    { "voided_at", 'T', 0, 0, 0 },
};

static const struct member_case search[] = {
    { "condition", 'o', 0, 0, 0 },    { "sort", 't', 1, 100, 0 }, { "cursor", 't', 1, 200, 0 },
    { "limit", 'n', 1, 200, 0 },      { "count", 'b', 0, 0, 0 },  { "fields", 'a', 0, 50, 0 },
    { "filterGroups", 'r', 0, 0, 0 }, { "sorts", 'r', 0, 0, 0 },  { "after", 't', 1, 200, 0 },
    { "properties", 'a', 0, 50, 0 },
};

struct body_case {
    const char *method, *path; /* as in known_routes */
    const char *list;          /* of items that fail alone; NULL: the members are the body's */
    const char *valid;         /* members that a valid request has */
    const struct member_case *members;
    size_t count;
    const struct table *table; /* of the product, to count; NULL: private to its route */
};

static const struct body_case bodies[] = {
    { "POST", "/v1/leads", NULL, "{\"first_name\":\"Ann\"}", lead_create, ARRAY_SIZE(lead_create),
      &lead_create_table },
    { "PATCH", "/v1/leads/{id}", NULL, "{}", lead_patch, ARRAY_SIZE(lead_patch),
      &lead_patch_table },
    { "POST", "/v1/leads/search", NULL, "{}", search, ARRAY_SIZE(search), NULL },
    { "POST", "/v1/leads/{id}/move", NULL, "{\"stage\":\"mql\"}", move, ARRAY_SIZE(move), NULL },
    { "POST", "/v1/leads/{id}/win", NULL, "{}", win, ARRAY_SIZE(win), NULL },
    { "POST", "/v1/leads/{id}/lose", NULL, "{\"reason\":\"x\"}", closing, ARRAY_SIZE(closing),
      NULL },
    { "POST", "/v1/leads/{id}/disqualify", NULL, "{\"reason\":\"x\"}", closing, ARRAY_SIZE(closing),
      NULL },
    { "POST", "/v1/leads/{id}/reopen", NULL, "{}", closing, ARRAY_SIZE(closing), NULL },
    { "POST", "/v1/leads/{id}/activities", NULL, "{\"type\":\"call\"}", activity,
      ARRAY_SIZE(activity), &activity_create_table },
    { "POST", "/v1/activities/reclassify", NULL, "{}", reclassify, ARRAY_SIZE(reclassify),
      &reclassification_input_table },
    { "PATCH", "/v1/activities/{id}", NULL, "{}", activity_patch, ARRAY_SIZE(activity_patch),
      &activity_patch_table },
    { "POST", "/v1/activities", "activities", "{\"type\":\"call\"}", activity_item,
      ARRAY_SIZE(activity_item), &activity_item_table },
    { "POST", "/v1/campaigns", NULL, "{\"name\":\"Spring\"}", campaign, ARRAY_SIZE(campaign),
      &campaign_create_table },
    { "POST", "/v1/campaigns/{id}/members", NULL, "{\"lead_ids\":[\"x\"]}", members,
      ARRAY_SIZE(members), NULL },
    { "POST", "/v1/users", NULL, "{\"email\":\"a@example.com\",\"name\":\"A\"}", user,
      ARRAY_SIZE(user), &user_create_table },
    { "POST", "/v1/forms", NULL, "{\"name\":\"Contact\"}", form, ARRAY_SIZE(form),
      &form_create_table },
    { "POST", "/v1/rule-sets", NULL, RULE_SET, rule_set, ARRAY_SIZE(rule_set),
      &rule_set_input_table },
    { "PUT", "/v1/rule-sets/{id}", NULL, RULE_SET, rule_set, ARRAY_SIZE(rule_set),
      &rule_set_input_table },
    { "POST", "/v1/fields", NULL, "{\"key\":\"k\",\"name\":\"K\",\"type\":\"text\"}", custom_field,
      ARRAY_SIZE(custom_field), &custom_field_create_table },
    { "PATCH", "/v1/fields/{key}", NULL, "{}", custom_field_patch, ARRAY_SIZE(custom_field_patch),
      &custom_field_patch_table },
    { "POST", "/v1/leads/{id}/accept", NULL, "{}", accept, ARRAY_SIZE(accept), NULL },
    { "POST", "/v1/leads/{id}/reject", NULL, "{\"kind\":\"spam\"}", reject, ARRAY_SIZE(reject),
      NULL },
    { "POST", "/v1/leads/{id}/recycle", NULL, "{\"reason\":\"x\"}", recycle, ARRAY_SIZE(recycle),
      NULL },
    { "POST", "/v1/teams", NULL, "{\"name\":\"T\"}", team, ARRAY_SIZE(team), &team_create_table },
    { "PATCH", "/v1/teams/{id}", NULL, "{}", team_patch, ARRAY_SIZE(team_patch),
      &team_patch_table },
    { "PATCH", "/v1/users/{id}", NULL, "{}", user_patch, ARRAY_SIZE(user_patch),
      &user_patch_table },
    { "POST", "/v1/pipelines", NULL,
      "{\"key\":\"p\",\"name\":\"P\",\"stages\":[{\"key\":\"a\",\"name\":\"A\"}]}", pipeline,
      ARRAY_SIZE(pipeline), NULL },
    { "PATCH", "/v1/pipelines/{key}", NULL, "{}", pipeline_patch, ARRAY_SIZE(pipeline_patch),
      &pipeline_patch_table },
    { "PUT", "/v1/pipelines/{key}/order", NULL, "{\"stages\":[\"x\"]}", stage_order,
      ARRAY_SIZE(stage_order), NULL },
    { "POST", "/v1/pipelines/{key}/stages", NULL, "{\"key\":\"s\",\"name\":\"S\"}", stage,
      ARRAY_SIZE(stage), &stage_create_table },
    { "PATCH", "/v1/pipelines/{key}/stages/{stage}", NULL, "{}", stage_patch,
      ARRAY_SIZE(stage_patch), &stage_patch_table },
    { "POST", "/v1/keys", NULL, "{\"name\":\"site\",\"scopes\":[\"read\"]}", key, ARRAY_SIZE(key),
      &api_key_create_table },
    { "POST", "/v1/import/leads", "items", "{\"first_name\":\"Ann\"}", lead_import,
      ARRAY_SIZE(lead_import), &lead_import_table },
    { "POST", "/v1/import/stage-events", "items",
      "{\"to\":\"won\",\"occurred_at\":\"2024-01-01T00:00:00Z\"}", stage_event,
      ARRAY_SIZE(stage_event), NULL },
};

/* ---- Sending one ---- */

static struct seeds seeds;

static void setup(void)
{
    service_setup();
    seeds_make(&seeds);
}

/* The valid body with that member set to the JSON `value`, or without it when that is NULL. */
static const struct answer *send_with(const struct body_case *body, const char *name,
                                      const char *value)
{
    json_t *root = json_loads(body->valid, 0, NULL);
    if (value)
        json_object_set_new(root, name, json_loads(value, JSON_DECODE_ANY, NULL));
    else
        json_object_del(root, name);
    if (body->list) {
        json_t *list = json_array();
        json_array_append_new(list, root);
        root = json_object();
        json_object_set_new(root, body->list, list);
    }
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    const struct known_route route = { .path = body->path };
    const struct answer *answer = ask(fixture.client, .method = body->method,
                                      .path = route_path(&route, &seeds, NULL), .body = text);
    free(text);
    return answer;
}

/* The errors of the answer, or of the one item that failed alone. */
static json_t *errors_of(const struct body_case *body, const struct answer *answer)
{
    return answer_at(answer, body->list ? "results.0.errors" : "errors");
}

static bool has_error(const struct body_case *body, const struct answer *answer, const char *name,
                      const char *why)
{
    char pointer[200];
    if (body->list)
        snprintf(pointer, sizeof pointer, "/%s/0/%s", body->list, name);
    else
        snprintf(pointer, sizeof pointer, "/%s", name);
    json_t *errors = errors_of(body, answer);
    for (size_t i = 0; i < json_array_size(errors); i++) {
        json_t *error = json_array_get(errors, i);
        const char *place = json_string_value(json_object_get(error, "pointer"));
        const char *code = json_string_value(json_object_get(error, "code"));
        if (place && strcmp(place, pointer) == 0 && (!why || (code && strcmp(code, why) == 0)))
            return true;
    }
    return false;
}

static void expect_refused(const struct body_case *body, const char *name, const char *value,
                           const char *place, const char *why)
{
    const struct answer *answer = send_with(body, name, value);
    ck_assert_msg(has_error(body, answer, place, why), "%s: %s %.60s: not %s of %s: %d %.500s",
                  answer->asked, name, value ? value : "left out", why, place, answer->status,
                  answer->body);
    if (body->list)
        expect_status(answer, 200);
    else
        expect_problem(answer, 422, "validation_failed", NULL, NULL);
}

/* ---- What each kind must not be ---- */

static void refuse_types(const struct body_case *body, const struct member_case *member)
{
    static const char *const values[] = { "7", "1.5", "true", "\"7\"", "[]", "{}" };
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        char first = values[i][0];
        bool fits = member->kind == 'n'                          ? i == 0
                    : member->kind == 'd'                        ? i <= 1
                    : member->kind == 'b'                        ? first == 't'
                    : member->kind == 'o'                        ? first == '{'
                    : member->kind == 'a' || member->kind == 'r' ? first == '['
                                                                 : first == '"';
        if (!fits)
            expect_refused(body, member->name, values[i], member->name, "wrong_type");
    }
}

static const char *long_text(int64_t characters)
{
    struct buffer text = { .arena = &fixture.arena };
    buffer_char(&text, '"');
    for (int64_t i = 0; i < characters; i++)
        buffer_text(&text, "\xc3\xa9"); /* characters are counted, not bytes */
    buffer_char(&text, '"');
    buffer_char(&text, '\0');
    return text.data;
}

static void refuse_text(const struct body_case *body, const struct member_case *member)
{
    expect_refused(body, member->name, long_text(member->max + 1), member->name, "too_long");
    ck_assert(!has_error(body, send_with(body, member->name, long_text(member->max)), member->name,
                         "too_long"));
    if (member->min > 1)
        expect_refused(body, member->name, long_text(member->min - 1), member->name, "too_short");
    if (member->flags & REQUIRED) {
        expect_refused(body, member->name, "\"\"", member->name, "required");
        expect_refused(body, member->name, "\" \\t\"", member->name, "required");
    }
}

static void refuse_number(const struct body_case *body, const struct member_case *member)
{
    const int64_t outside[] = { member->min - 1, member->max + 1, INT64_MIN, INT64_MAX };
    for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
        char text[32];
        snprintf(text, sizeof text, "%lld", (long long)outside[i]);
        expect_refused(body, member->name, text, member->name, "out_of_range");
    }
}

static const char *list_of(int64_t count)
{
    struct buffer text = { .arena = &fixture.arena };
    for (int64_t i = 0; i < count; i++)
        buffer_printf(&text, "%s\"x\"", i ? "," : "[");
    buffer_text(&text, "]");
    buffer_char(&text, '\0');
    return text.data;
}

static void refuse_list(const struct body_case *body, const struct member_case *member)
{
    char first[100];
    snprintf(first, sizeof first, "%s/0", member->name);
    expect_refused(body, member->name, "[7]", first, "wrong_type");
    expect_refused(body, member->name, "[null]", first, "wrong_type");
    expect_refused(body, member->name, "[\"\"]", first, "invalid");
    expect_refused(body, member->name, "[\"a\\nb\"]", first, "invalid");
    expect_refused(body, member->name, list_of(member->max + 1), member->name, "too_many");
    if (member->min > 0)
        expect_refused(body, member->name, "[]", member->name, "too_few");
}

static void refuse_texts(const struct body_case *body, const struct member_case *member,
                         const char *const *values, const char *why)
{
    for (; *values; values++)
        expect_refused(body, member->name, *values, member->name, why);
}

static void refuse_all(const struct body_case *body, const struct member_case *member)
{
    static const char *const ids[] = { "\"x\"",
                                       "\"00000000-0000-0000-0000-000000000000\"",
                                       "\"019aab3f7c1e7abc8def0123456789ab\"",
                                       "\" " UNKNOWN_ID "\"",
                                       "\"\"",
                                       NULL };
    static const char *const times[] = { "\"yesterday\"",
                                         "\"2024-02-30T00:00:00Z\"",
                                         "\"2024-01-01\"",
                                         "\"2024-01-01T25:00:00Z\"",
                                         "\"2024-01-01T00:00:00\"",
                                         "\"1704067200\"",
                                         "\"\"",
                                         NULL };
    static const char *const days[] = { "\"2024-02-30\"", "\"01.02.2024\"",
                                        "\"2024-01-01T00:00:00Z\"", "\"\"", NULL };
    static const char *const values[] = { "\"bogus\"", "\"\"", "\"API\"", NULL };
    refuse_types(body, member);
    switch (member->kind) {
    case 't': refuse_text(body, member); break;
    case 'n': refuse_number(body, member); break;
    case 'a': refuse_list(body, member); break;
    case 'i': refuse_texts(body, member, ids, "invalid"); break;
    case 'T': refuse_texts(body, member, times, "invalid"); break;
    case 'D': refuse_texts(body, member, days, "invalid"); break;
    case 'e': refuse_texts(body, member, values, "unknown_value"); break;
    default: break;
    }
    if (member->flags & REQUIRED) {
        expect_refused(body, member->name, NULL, member->name, "required");
        expect_refused(body, member->name, "null", member->name, "required");
    }
    if (member->flags & NOT_NULL)
        expect_refused(body, member->name, "null", member->name, "not_null");
}

START_TEST(wrong_members)
{
    const struct body_case *body = &bodies[_i];
    expect_refused(body, "bogus", "1", "bogus", "unknown_member");
    if (strcmp(body->members[0].name, "id") != 0) /* nobody but an export says what an id is */
        expect_refused(body, "id", "\"" UNKNOWN_ID "\"", "id", "unknown_member");
    for (size_t i = 0; i < body->count; i++)
        refuse_all(body, &body->members[i]);
    ck_assert(!body->table || body->table->count == body->count);
}
END_TEST

/* Null says "none", wherever none is possible. */
START_TEST(null_members)
{
    const struct body_case *body = &bodies[_i];
    for (size_t i = 0; i < body->count; i++) {
        if (body->members[i].flags & (REQUIRED | NOT_NULL))
            continue;
        const struct answer *answer = send_with(body, body->members[i].name, "null");
        ck_assert_msg(answer->status < 500 &&
                          (!has_error(body, answer, body->members[i].name, NULL) ||
                           has_error(body, answer, body->members[i].name, "required")),
                      "%s: %s null: %s", answer->asked, body->members[i].name, answer->body);
    }
}
END_TEST

START_TEST(every_body_is_here)
{
    for (size_t i = 0; i < known_route_count; i++) {
        bool found = !known_routes[i].body;
        for (size_t j = 0; j < ARRAY_SIZE(bodies) && !found; j++)
            found = strcmp(bodies[j].path, known_routes[i].path) == 0 &&
                    strcmp(bodies[j].method, known_routes[i].method) == 0;
        ck_assert_msg(found, "%s %s", known_routes[i].method, known_routes[i].path);
    }
}
END_TEST

/* A list that is wrong as a whole is refused as a whole. */
START_TEST(wrong_lists)
{
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        if (!bodies[i].list)
            continue;
        const struct {
            const char *value, *why;
        } cases[] = { { "{}", "required" },
                      { "{'%s':null}", "required" },
                      { "{'%s':{}}", "wrong_type" },
                      { "{'%s':'x'}", "wrong_type" },
                      { "{'%s':[]}", "too_few" } };
        char pointer[40];
        snprintf(pointer, sizeof pointer, "/%s", bodies[i].list);
        for (size_t j = 0; j < ARRAY_SIZE(cases); j++) {
            char body[100];
            const char *at = strstr(cases[j].value, "%s");
            snprintf(body, sizeof body, "%.*s%s%s", at ? (int)(at - cases[j].value) : 100,
                     cases[j].value, at ? bodies[i].list : "", at ? at + 2 : "");
            expect_problem(post(fixture.client, bodies[i].path, "%s", body), 422,
                           "validation_failed", pointer, cases[j].why);
        }
        struct buffer many = { .arena = &fixture.arena };
        buffer_printf(&many, "{'%s':[", bodies[i].list);
        for (int j = 0; j < 1001; j++)
            buffer_text(&many, j ? ",{}" : "{}");
        buffer_text(&many, "]}");
        buffer_char(&many, '\0');
        expect_problem(post(fixture.client, bodies[i].path, "%s", many.data), 422,
                       "validation_failed", pointer, "too_many");
        const struct answer *answer =
            post(fixture.client, bodies[i].path, "{'%s':[7,null,{}]}", bodies[i].list);
        expect_status(answer, 200);
        ck_assert_uint_eq(answer_count(answer, "results"), 3);
    }
}
END_TEST

TCase *members_tcase(void)
{
    TCase *tcase = tcase_create("members");
    tcase_add_checked_fixture(tcase, setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    tcase_add_loop_test(tcase, wrong_members, 0, ARRAY_SIZE(bodies));
    tcase_add_loop_test(tcase, null_members, 0, ARRAY_SIZE(bodies));
    tcase_add_test(tcase, every_body_is_here);
    tcase_add_test(tcase, wrong_lists);
    return tcase;
}
