/* unit_http.c: the unit tests of server/http, and what they share. */
#include "unit_http.h"

struct ctx ctx;
static struct arena arena;
static struct id_source ids;

static const char *const colour_names[] = { "red", "green", NULL };

static const struct field item_fields[] = {
    FIELD(struct item, type, TEXT, .flags = FIELD_REQUIRED, .max = 5),
    FIELD(struct item, count, INT, .min = 1, .max = 10),
};
const struct table item_table = TABLE(struct item, "item", item_fields);

static const struct field thing_fields[] = {
    FIELD(struct thing, id, ID),
    FIELD(struct thing, name, TEXT, .min = 2, .max = 5),
    FIELD(struct thing, number, INT),
    FIELD(struct thing, yes, BOOL),
    FIELD(struct thing, at, TIME),
    FIELD(struct thing, day, DAY),
    FIELD_NAMED(struct thing, colour, colour_names),
    FIELD(struct thing, properties, JSON),
    FIELD(struct thing, tags, TEXTS, .max = 2),
    FIELD(struct thing, items, ROWS, .of = &item_table, .flags = FIELD_EACH | FIELD_OMIT_NULL,
          .max = 3),
    FIELD(struct thing, parts, ROWS, .of = &item_table, .flags = FIELD_OMIT_NULL, .min = 1),
    FIELD_EMBED(struct thing, main, &item_table),
    FIELD(struct thing, wanted, TEXT, .flags = FIELD_NOT_NULL | FIELD_OMIT_NULL),
    FIELD(struct thing, secret, TEXT, .flags = FIELD_HIDDEN),
};
const struct table thing_table = TABLE(struct thing, "thing", thing_fields);

void ctx_start(void)
{
    ctx = (struct ctx){ .arena = &arena, .ids = &ids, .now_ms = 1700000000000 };
}

void ctx_done(void)
{
    arena_free(&arena);
}

const char *failure_members(const struct failure *failure)
{
    struct buffer out = { .arena = &arena };
    for (size_t i = 0; i < failure->member_count; i++)
        buffer_printf(&out, "%s%s %s", i > 0 ? ", " : "", failure->members[i].member,
                      failure->members[i].code);
    buffer_char(&out, '\0');
    ck_assert(!out.failed);
    return out.data;
}

const char *thing_json(const struct thing *thing)
{
    struct buffer out = { .arena = &arena };
    struct json json = { .out = &out };
    json_row(&json, NULL, &thing_table, thing);
    buffer_char(&out, '\0');
    ck_assert(!out.failed);
    return out.data;
}

Suite *test_suite(void)
{
    Suite *suite = suite_create("http");
    form_tests(suite);
    gate_tests(suite);
    json_in_tests(suite);
    json_out_tests(suite);
    query_in_tests(suite);
    router_tests(suite);
    return suite;
}
