/* installation.c: what a new data file holds: the default pipeline, the default rule set, the
 * settings, one admin key. */
#include <funneld/crm.h>

#include <string.h>

static const char secret_setting[] = "secret", zone_setting[] = "time_zone";

#define POINTS(points) ((points)*INT64_C(1000))

/* Probabilities are a start; a company sets its own. */
#define STAGE(position_, key_, name_, kind_, probability_bp_)                                      \
    {                                                                                              \
        .stage_id = position_, .pipeline_id = 1, .key = key_, .name = name_, .kind = kind_,        \
        .position = position_, .probability_bp = probability_bp_, .counted_position = position_,   \
        .is_counted = 1, .offer_hours = NO_INT                                                     \
    }
static const struct stage default_stages[] = {
    STAGE(1, "target", "Target", STAGE_TARGET, 100),
    STAGE(2, "mql", "MQL", STAGE_MQL, 500),
    STAGE(3, "sql", "SQL", STAGE_SQL, 2000),
    STAGE(4, "demo", "Demo", STAGE_DEMO, 4000),
    STAGE(5, "proposal", "Proposal", STAGE_PROPOSAL, 6000),
    STAGE(6, "close", "Close", STAGE_CLOSE, 9000),
};

static const struct score_group default_groups[] = {
    { "fit", 0, POINTS(40) },
    { "engagement", 0, POINTS(100) },
};

/* Rules of three kinds: an attribute that is known, a word in the job title, a type of activity. */
#define FIT(position_, key_, name_, points_, when_)                                                \
    {                                                                                              \
        .position = position_, .key = key_, .name = name_, .score_group = "fit",                   \
        .points_milli = points_, .when = when_, .cap_milli = NO_INT, .cap_times = NO_INT,          \
        .decay_days = NO_INT, .decay_percent = NO_INT                                              \
    }
#define KNOWN(position_, key_, name_, points_, field_)                                             \
    FIT(position_, key_, name_, points_, "{\"field\":\"" field_ "\",\"op\":\"present\"}")
#define DECIDES(position_, key_, name_, points_, word_)                                            \
    FIT(position_, key_, name_, points_,                                                           \
        "{\"field\":\"job_title\",\"op\":\"contains\",\"value\":\"" word_ "\"}")
#define ENGAGED(position_, type_, name_, points_, cap_)                                            \
    {                                                                                              \
        .position = position_, .key = type_, .name = name_, .score_group = "engagement",           \
        .points_milli = points_, .each = "{\"activity\":\"" type_ "\"}", .cap_milli = cap_,        \
        .cap_times = NO_INT, .decay_days = NO_INT, .decay_percent = NO_INT                         \
    }

/* Who they are counts up to 40, what they do up to 100; what machines do by themselves (opens)
 * counts little. */
static const struct rule default_rules[] = {
    KNOWN(0, "email_known", "E-mail address known", POINTS(5), "email"),
    KNOWN(1, "phone_known", "Phone number known", POINTS(5), "phone"),
    KNOWN(2, "company_known", "Company known", POINTS(10), "company"),
    DECIDES(3, "decision_maker", "Decides: chief", POINTS(10), "chief"),
    DECIDES(4, "head_of", "Decides: head", POINTS(10), "head"),
    DECIDES(5, "director", "Decides: director", POINTS(10), "director"),
    ENGAGED(6, "page_view", "Viewed a page", POINTS(1), POINTS(15)),
    ENGAGED(7, "email_opened", "Opened an e-mail", POINTS(1), POINTS(5)),
    ENGAGED(8, "email_clicked", "Clicked in an e-mail", POINTS(3), POINTS(15)),
    ENGAGED(9, "content_downloaded", "Downloaded content", POINTS(10), POINTS(30)),
    ENGAGED(10, "webinar_attended", "Attended a webinar", POINTS(20), POINTS(40)),
    ENGAGED(11, "form_submitted", "Filled in a form", POINTS(10), POINTS(20)),
    ENGAGED(12, "meeting", "Met us", POINTS(20), POINTS(40)),
    ENGAGED(13, "demo_requested", "Asked for a demo", POINTS(40), POINTS(40)),
};

static const struct criterion default_criteria[] = {
    { .kind = STAGE_MQL, .score_min = 50, .exit_below = NO_INT, .dwell_hours = NO_INT },
};

static enum err prepare_pipeline(struct ctx *ctx, struct db *db, const char *currency)
{
    struct pipeline pipeline = { .pipeline_id = 1,
                                 .key = "default",
                                 .name = "Sales",
                                 .currency = currency,
                                 .is_default = 1,
                                 .rollups_id = 1,
                                 .stages = { (void *)default_stages, ARRAY_SIZE(default_stages) } };
    return pipeline_insert(ctx, db, &pipeline);
}

static enum err prepare_rule_set(struct ctx *ctx, struct db *db)
{
    struct rule_set rule_set = { .id = id_new(ctx),
                                 .status = RULE_SET_PUBLISHED,
                                 .created_at = ctx->now_ms,
                                 .updated_at = ctx->now_ms,
                                 .retired_at = NO_INT,
                                 .version = 1,
                                 .name = "Default",
                                 .min_milli = 0,
                                 .max_milli = POINTS(100),
                                 .published_at = ctx->now_ms,
                                 .groups = { (void *)default_groups, ARRAY_SIZE(default_groups) },
                                 .rules = { (void *)default_rules, ARRAY_SIZE(default_rules) },
                                 .criteria = { (void *)default_criteria,
                                               ARRAY_SIZE(default_criteria) } };
    return rule_set_insert(ctx, db, &rule_set);
}

enum err installation_time_zone(struct ctx *ctx, struct db *db, const char **ret)
{
    return setting_get(ctx, db, zone_setting, ret);
}

static enum err check_zone(struct ctx *ctx, struct db *db, const struct config *config)
{
    const char *zone = NULL;
    enum err err = installation_time_zone(ctx, db, &zone);
    if (!err && strcmp(zone, config->time_zone) != 0)
        return fail(ctx, ERR_CONFIG, "time_zone",
                    "the days of this data file are those of %s; set time_zone = %s", zone, zone);
    return err;
}

bool currency_is_valid(const char *currency)
{
    return strlen(currency) == 3 && strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

/* Files of before it was there get one too. */
static enum err prepare_secret(struct ctx *ctx, struct db *db)
{
    struct secret secret;
    enum err err = installation_secret(ctx, db, &secret);
    if (err != ERR_NOT_FOUND)
        return err;
    secret_generate(&secret);
    const char *text = secret_text(ctx, &secret);
    return text ? setting_put(ctx, db, secret_setting, text) : ERR_MEMORY;
}

enum err installation_secret(struct ctx *ctx, struct db *db, struct secret *ret)
{
    const char *text = NULL;
    enum err err = setting_get(ctx, db, secret_setting, &text);
    if (!err && !secret_parse(text, ret))
        return fail(ctx, ERR_CORRUPT, NULL, "the setting \"%s\" cannot be read", secret_setting);
    return err;
}

enum err installation_prepare(struct ctx *ctx, struct db *db, const struct config *config,
                              const char **ret_admin_key)
{
    *ret_admin_key = NULL;
    enum err err = prepare_secret(ctx, db);
    if (!err)
        err = check_zone(ctx, db, config);
    if (err != ERR_NOT_FOUND)
        return err;
    if (!currency_is_valid(config->currency))
        return fail(ctx, ERR_CONFIG, "currency", "an ISO 4217 code like USD");
    struct api_key key;
    err = setting_put(ctx, db, zone_setting, config->time_zone);
    if (!err)
        err = catalog_renew(ctx, db);
    if (!err)
        err = prepare_pipeline(ctx, db, config->currency);
    if (!err)
        err = prepare_rule_set(ctx, db);
    if (!err)
        err = api_key_create(ctx, db, "admin", SCOPE_ADMIN, &key);
    if (!err)
        *ret_admin_key = key.key;
    return err;
}
