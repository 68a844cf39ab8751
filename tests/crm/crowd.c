/* crowd.c: makes the crowd of crowd.h: few values, so that they meet, and odd ones. */
#include "crowd.h"

/* Few, so that they meet; with all that SQL or LIKE might take for more than a text. */
static const char *const texts[] = {
    "a",
    "A",
    "ab",
    "aB%",
    "%",
    "_",
    "a_b",
    "\\",
    "a\\b",
    "'",
    "O'Brien",
    "--",
    ";",
    "' OR '1'='1",
    "\xc3\xa9",
    "\xc3\x89"
    "a",
    "x\xc3\xa9X",
    "Berlin",
    "BERLIN",
    "New York",
    "0",
};

const char *some_text(struct random *random)
{
    return texts[random_below(random, ARRAY_SIZE(texts))];
}

const char *some_type(struct random *random)
{
    return (const char *[]){ "page_view", "call", "note" }[random_below(random, 3)];
}

static const char *perhaps_text(struct random *random)
{
    return random_one_in(random, 3) ? NULL : some_text(random);
}

int64_t some_time(struct random *random)
{
    /* often a whole number of days ago, where windows end */
    int64_t back = random_below(random, CROWD_DAYS) * MS_PER_DAY;
    return CROWD_NOW - back + random_below(random, 3) - 1;
}

/* Custom fields of each type; a choice is a text here. */
static const struct custom_field custom_fields[CROWD_FIELDS] = {
    { 1, "word", "Word", CUSTOM_TEXT, .indexed = 1 },
    { 2, "note", "Note", CUSTOM_TEXT },
    { 3, "size", "Size", CUSTOM_NUMBER, .indexed = 1 },
    { 4, "partner", "Partner", CUSTOM_BOOLEAN },
    { 5, "met_on", "Met on", CUSTOM_DATE },
};

static void make_fields(struct crowd *crowd)
{
    for (size_t i = 0; i < CROWD_FIELDS; i++) {
        struct custom_field field = custom_fields[i];
        field.min = field.max = field.max_length = field.archived_at = NO_INT;
        ck_assert_ok(&crowd->core.ctx,
                     custom_field_insert(&crowd->core.ctx, crowd->core.db, &field));
    }
    ck_assert_ok(&crowd->core.ctx, catalog_renew(&crowd->core.ctx, crowd->core.db));
}

int64_t some_number(struct random *random, enum custom_type type)
{
    return type == CUSTOM_BOOLEAN ? random_below(random, 2)
           : type == CUSTOM_DATE  ? 19000 + random_below(random, 5)
                                  : (random_below(random, 7) - 3) * (DECIMAL_ONE / 2);
}

static void make_values(struct random *random, struct history *history)
{
    struct custom_values *values = &history->lead.fields;
    values->items = history->values;
    for (size_t i = 0; i < CROWD_FIELDS; i++) {
        const struct custom_field *field = &custom_fields[i];
        if (random_one_in(random, 3))
            continue;
        bool is_text = field->type == CUSTOM_TEXT;
        values->items[values->count++] = (struct custom_value){
            .field_id = field->field_id,
            .name = field->key,
            .type = field->type,
            .text = is_text ? some_text(random) : NULL,
            .number = is_text ? NO_INT : some_number(random, field->type),
        };
    }
    history->lead.value_count = (int64_t)values->count;
}

/* No two leads have the same. */
static const char *some_address(struct crowd *crowd)
{
    int number = crowd->addresses++;
    return arena_printf(&crowd->arena, "u%d%s@x.example", number, number % 2 ? "+a_b" : "");
}

static void make_lead(struct crowd *crowd, struct random *random, struct lead *lead)
{
    const struct pipeline *pipeline = crowd->catalog->pipelines.items;
    const struct stage *stages = pipeline->stages.items;
    size_t stage = (size_t)random_below(random, (int64_t)pipeline->stages.count);
    table_clear(&lead_table, lead);
    lead->id = id_new(&crowd->core.ctx);
    lead->email = random_one_in(random, 3) ? NULL : some_address(crowd);
    lead->first_name = perhaps_text(random);
    lead->company = perhaps_text(random);
    lead->job_title = perhaps_text(random);
    lead->country = perhaps_text(random);
    lead->city = random_one_in(random, 3) ? "" : perhaps_text(random); /* as blank as none */
    lead->source = perhaps_text(random);
    if (!random_one_in(random, 3))
        lead->owner = crowd->owners[random_below(random, ARRAY_SIZE(crowd->owners))];
    if (!random_one_in(random, 3))
        lead->amount_minor = random_below(random, 7) - 3;
    lead->created_at = some_time(random);
    lead->updated_at = some_time(random);
    lead->pipeline_id = pipeline->pipeline_id;
    lead->pipeline = pipeline->key;
    lead->stage_id = stages[stage].stage_id;
    lead->stage = stages[stage].key;
    lead->status = (enum lead_status)random_below(random, LEAD_STATUS_COUNT);
    lead->stage_entered_at = some_time(random);
    lead->cycle = 1 + random_below(random, 3);
    lead->version = 1 + random_below(random, 3);
    lead->score = random_below(random, 7) - 3;
    lead->score_as_of = CROWD_NOW;
    lead->rule_set_version = 1;
    lead->last_fact_at = CROWD_NOW;
}

static const char *const properties[] = {
    NULL,
    "{}",
    "{\"url\":\"/Pricing\",\"seconds\":3}",
    "{\"url\":\"a%\",\"seconds\":2.5,\"paid\":true}",
    "{\"url\":\"\",\"seconds\":\"3\",\"paid\":\"FALSE\"}",
    "{\"url\":null,\"seconds\":[1],\"paid\":false}",
};

static void make_history(struct crowd *crowd, struct random *random, struct history *history)
{
    make_lead(crowd, random, &history->lead);
    make_values(random, history);
    history->count = (size_t)random_below(random, ACTIVITIES_MAX + 1);
    for (size_t i = 0; i < history->count; i++)
        history->activities[i] = (struct activity){
            .id = id_new(&crowd->core.ctx),
            .lead_id = history->lead.id,
            .type = some_type(random),
            .occurred_at = random_one_in(random, 20) ? CROWD_NOW + 5 : some_time(random),
            .recorded_at = CROWD_NOW,
            .source_system = "test",
            .properties = properties[random_below(random, ARRAY_SIZE(properties))],
        };
}

static void add_key(struct crowd *crowd, const struct lead *lead)
{
    struct ctx *ctx = &crowd->core.ctx;
    const char *email, *key;
    if (!lead->email)
        return;
    ck_assert_ok(ctx, email_normalise(ctx, "email", lead->email, &email, &key));
    ck_assert_str_eq(email, lead->email);
    ck_assert_ok(ctx, lead_key_add(ctx, crowd->core.db, LEAD_KEY_EMAIL, key, &lead->id));
}

void crowd_make(struct crowd *crowd, uint64_t seed)
{
    struct core *core = &crowd->core;
    struct ctx *ctx = &core->ctx;
    struct random random = { seed };
    struct config config = { .time_zone = "UTC", .currency = "EUR" };
    const char *admin_key;
    core_make(core);
    ctx->now_ms = CROWD_NOW;
    ck_assert_ok(ctx, store_open(ctx, core->path, &core->store));
    core->db = store_writer(core->store);
    ck_assert_ok(ctx, db_begin_write(ctx, core->db));
    ck_assert_ok(ctx, installation_prepare(ctx, core->db, &config, &admin_key));
    make_fields(crowd);
    ck_assert_ok(ctx, catalog_get(ctx, core->db, &crowd->catalog));
    for (size_t i = 0; i < ARRAY_SIZE(crowd->owners); i++)
        crowd->owners[i] = id_new(ctx);
    for (size_t i = 0; i < CROWD_LEADS; i++) {
        struct history *history = &crowd->histories[i];
        make_history(crowd, &random, history);
        ck_assert_ok(ctx, lead_insert(ctx, core->db, &history->lead));
        add_key(crowd, &history->lead);
        for (size_t j = 0; j < history->lead.fields.count; j++) {
            const struct custom_value *value = &history->values[j];
            ck_assert_ok(ctx, lead_value_put(ctx, core->db, &history->lead.id, value,
                                             custom_fields[value->field_id - 1].indexed == 1));
        }
        for (size_t j = 0; j < history->count; j++)
            ck_assert_ok(ctx, activity_insert(ctx, core->db, &history->activities[j]));
    }
    ck_assert_ok(ctx, db_commit(ctx, core->db));
}
