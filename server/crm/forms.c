/* forms.c: what becomes of a post to a public form. The journal keeps every post as it came,
 * with a verdict, whether or not a lead came of it; a person who filled in a form is never lost
 * because a field was wrong. */
#include "leads_fields.h"

#include <string.h>

enum { KEY_LENGTH = 16 };

static bool key_is_valid(const char *key)
{
    return strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
           strlen(key);
}

/* A public name, not a secret: hard to guess is enough. */
static const char *make_key(struct ctx *ctx)
{
    char text[KEY_TEXT_SIZE];
    key_generate(text);
    return arena_text(ctx->arena, text + strlen("fnl_"), KEY_LENGTH);
}

static bool host_is_valid(const char *host)
{
    return *host &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:") ==
               strlen(host);
}

static enum err check_lists(struct ctx *ctx, const struct form_input *input)
{
    for (size_t i = 0; i < input->redirect_hosts.count; i++)
        if (!host_is_valid(input->redirect_hosts.items[i]))
            return fail_member(ctx, "redirect_hosts", "invalid",
                               "host names like www.example.com, without https://");
    for (size_t i = 0; i < input->allowed_origins.count; i++) {
        const char *origin = input->allowed_origins.items[i];
        const char *host = strncmp(origin, "https://", 8) == 0  ? origin + 8
                           : strncmp(origin, "http://", 7) == 0 ? origin + 7
                                                                : "";
        if (!host_is_valid(host))
            return fail_member(ctx, "allowed_origins", "invalid",
                               "origins like https://www.example.com");
    }
    return OK;
}

enum err form_create(struct ctx *ctx, struct db *db, const struct form_input *input,
                     struct form *ret)
{
    enum err err = check_lists(ctx, input);
    if (!err)
        err = campaign_require(ctx, db, "campaign", &input->campaign);
    if (err)
        return err;
    if (input->key && !key_is_valid(input->key))
        return fail_member(ctx, "key", "invalid", "letters, digits, - and _");
    *ret = (struct form){ .id = id_new(ctx),
                          .name = input->name,
                          .key = input->key ? input->key : make_key(ctx),
                          .redirect_hosts = input->redirect_hosts,
                          .allowed_origins = input->allowed_origins,
                          .source = input->source,
                          .campaign = input->campaign,
                          .created_at = ctx->now_ms };
    if (!ret->key)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a key");
    struct form existing;
    err = form_find(ctx, db, ret->key, &existing);
    if (err == OK) {
        ctx->failure.existing = existing.id;
        return fail(ctx, ERR_DUPLICATE, "key", "another form has it");
    }
    return err == ERR_NOT_FOUND ? form_insert(ctx, db, ret) : err;
}

/* ---- Reading a post ---- */

/* The names that pages give to what we call `field`; compared in lower case, - and blank as _.
 * First hit wins. */
static const struct {
    const char *name, *field;
} aliases[] = {
    { "email", "email" },
    { "e_mail", "email" },
    { "email_address", "email" },
    { "work_email", "email" },
    { "your_email", "email" },
    { "mail", "email" },
    { "first_name", "first_name" },
    { "firstname", "first_name" },
    { "fname", "first_name" },
    { "given_name", "first_name" },
    { "last_name", "last_name" },
    { "lastname", "last_name" },
    { "lname", "last_name" },
    { "surname", "last_name" },
    { "family_name", "last_name" },
    { "name", "last_name" },
    { "full_name", "last_name" },
    { "your_name", "last_name" },
    { "company", "company" },
    { "company_name", "company" },
    { "organization", "company" },
    { "organisation", "company" },
    { "business", "company" },
    { "phone", "phone" },
    { "phone_number", "phone" },
    { "tel", "phone" },
    { "telephone", "phone" },
    { "your_tel", "phone" },
    { "mobile", "phone" },
    { "job_title", "job_title" },
    { "jobtitle", "job_title" },
    { "title", "job_title" },
    { "position", "job_title" },
    { "role", "job_title" },
    { "website", "website" },
    { "url", "website" },
    { "industry", "industry" },
    { "country", "country" },
    { "city", "city" },
    { "source", "source" },
    { "lead_source", "source" },
    { "utm_source", "source" },
};

/* Filled in by programs only: pages hide them from people. */
static const char *const honeypots[] = { "_gotcha", "_honey",    "honeypot",
                                         "hp",      "bot_field", "website_url_hp" };

static void fold_name(const char *name, char folded[static 64])
{
    size_t i = 0;
    for (; name[i] && i < 63; i++) {
        char c = name[i];
        folded[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c == '-' || c == ' ' ? '_' : c);
    }
    folded[i] = '\0';
}

static const char *alias_field(const char *name)
{
    char folded[64];
    fold_name(name, folded);
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
        if (strcmp(aliases[i].name, folded) == 0)
            return aliases[i].field;
    return NULL;
}

static bool is_trapped(const struct form_post *post)
{
    char folded[64];
    for (size_t i = 0; i < post->count; i++) {
        fold_name(post->names[i], folded);
        for (size_t j = 0; j < ARRAY_SIZE(honeypots); j++)
            if (strcmp(honeypots[j], folded) == 0 && *post->values[i])
                return true;
    }
    return false;
}

/* At most `max` code points of it: a long value is cut rather than lost. */
static const char *cut(struct ctx *ctx, const char *text, int64_t max)
{
    size_t bytes = 0;
    for (int64_t points = 0; text[bytes]; bytes++)
        if (((unsigned char)text[bytes] & 0xc0) != 0x80 && points++ == max)
            break;
    return arena_text(ctx->arena, text, bytes);
}

static enum err read_fields(struct ctx *ctx, const struct form_post *post, const struct form *form,
                            struct lead_input *ret)
{
    table_clear(&lead_create_table, ret);
    for (size_t i = 0; i < post->count; i++) {
        const char *field = alias_field(post->names[i]);
        const char *value = text_trim(ctx->arena, post->values[i], strlen(post->values[i]));
        if (!value)
            return fail(ctx, ERR_MEMORY, NULL, "no memory for a form");
        int at = field && *value ? table_find(&lead_create_table, field) : -1;
        if (at < 0)
            continue;
        const char **target = (const char **)((char *)ret + lead_create_table.fields[at].offset);
        if (*target)
            continue;
        *target = cut(ctx, value, lead_create_table.fields[at].max);
        if (!*target)
            return fail(ctx, ERR_MEMORY, NULL, "no memory for a form");
    }
    if (!ret->source)
        ret->source = form->source;
    ret->campaign = form->campaign;
    return OK;
}

/* The custom field in use that a page means by that name, or NULL: its key, or fields.KEY where the
 * key alone would mean a field of ours. */
static const struct custom_field *named_custom(const struct catalog *catalog, const char *name)
{
    static const char prefix[] = "fields.";
    char folded[64];
    fold_name(name, folded);
    bool said = strncmp(folded, prefix, strlen(prefix)) == 0;
    if (!said && alias_field(name))
        return NULL;
    const struct custom_field *field =
        catalog_custom_field(catalog, said ? folded + strlen(prefix) : folded);
    return field && field->archived_at == NO_INT ? field : NULL;
}

static enum err read_custom(struct ctx *ctx, const struct custom_field *field, const char *posted,
                            struct custom_value *ret)
{
    struct custom_value given = { .name = ctx_text(ctx, field->key), .number = NO_INT };
    given.text = text_trim(ctx->arena, posted, strlen(posted));
    if (given.text && field->type == CUSTOM_TEXT)
        given.text = cut(ctx, given.text, field->max_length);
    if (!given.name || !given.text)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a form");
    if (!*given.text)
        given.text = NULL;
    return lead_field_read(ctx, field, &given, /* as_text= */ true, ret);
}

/* What cannot be kept is left out, and recorded as a failure. */
static enum err read_customs(struct ctx *ctx, const struct catalog *catalog,
                             const struct form_post *post, struct lead_input *input)
{
    struct custom_values *values = &input->fields;
    if (catalog->custom_fields.count == 0)
        return OK;
    values->items = ctx_alloc(ctx, catalog->custom_fields.count * sizeof *values->items);
    if (!values->items)
        return ERR_MEMORY;
    for (size_t i = 0; i < post->count; i++) {
        const struct custom_field *field = named_custom(catalog, post->names[i]);
        if (!field || custom_values_find(values, field->field_id))
            continue;
        struct custom_value *value = &values->items[values->count];
        enum err err = read_custom(ctx, field, post->values[i], value);
        if (err && err != ERR_VALIDATION)
            return err;
        values->count += !err && !custom_value_is_blank(value);
    }
    return OK;
}

/* An address that is none must not cost the lead, nor a custom value that its field does not take:
 * what else was said is kept, and the raw post has the rest. *ret_why says what was wrong, or
 * nothing. */
static enum err drop_bad(struct ctx *ctx, const struct catalog *catalog,
                         const struct form_post *post, struct lead_input *input,
                         struct failure *ret_why)
{
    const char *email, *match_key;
    enum err err =
        input->email ? email_normalise(ctx, "email", input->email, &email, &match_key) : OK;
    if (err == ERR_VALIDATION)
        input->email = NULL;
    else if (err)
        return err;
    err = read_customs(ctx, catalog, post, input);
    if (err)
        return err;
    *ret_why = ctx->failure;
    failure_clear(ctx);
    return OK;
}

static enum err make_lead(struct ctx *ctx, struct db *db, const struct form_post *post,
                          const struct form *form, struct submission *submission,
                          struct failure *ret_why)
{
    struct lead_input input;
    struct lead_created created;
    const struct catalog *catalog;
    enum err err = read_fields(ctx, post, form, &input);
    if (!err)
        err = catalog_get(ctx, db, &catalog);
    if (!err)
        err = drop_bad(ctx, catalog, post, &input, ret_why);
    submission->detail = ret_why->detail;
    if (!err)
        err = lead_create(ctx, db, &input, /* merge= */ true, &created);
    if (err)
        return err;
    submission->verdict = created.outcome == LEAD_CREATED ? VERDICT_CREATED : VERDICT_MERGED;
    submission->lead_id = created.lead.id;
    struct activity_input activity;
    table_clear(&activity_create_table, &activity);
    activity.type = "form_submitted";
    activity.source_system = "form";
    activity.properties = post->properties;
    activity.campaign = form->campaign;
    struct activity_recorded recorded;
    return activity_record(ctx, db, &created.lead.id, &activity, &recorded);
}

/* The client's mistakes; everything else is ours and fails the whole post, so that it is sent
 * again. */
static bool is_verdict(enum err err)
{
    return err == ERR_VALIDATION || err == ERR_DUPLICATE || err == ERR_CONFLICT;
}

/* Whether a page means that member by its name. */
static bool is_posted(const char *name, const char *member)
{
    static const char prefix[] = "fields";
    const char *field = alias_field(name);
    char folded[64];
    fold_name(name, folded);
    if (strncmp(member, prefix, strlen(prefix)) != 0)
        return field && strcmp(field, member) == 0;
    const char *key = member + strlen(prefix) + 1; /* "fields/KEY" */
    bool said = strncmp(folded, prefix, strlen(prefix)) == 0 && folded[strlen(prefix)] == '.';
    return strcmp(said ? folded + strlen(prefix) + 1 : folded, key) == 0;
}

/* Its members by the names that the post has for them. */
static void tell_posted_names(struct failure *failure, const struct form_post *post)
{
    for (size_t i = 0; i < failure->member_count; i++) {
        struct member_error *error = &failure->members[i];
        for (size_t j = 0; j < post->count; j++) {
            if (!*post->values[j] || !is_posted(post->names[j], error->member))
                continue;
            error->member = post->names[j];
            break;
        }
    }
}

static enum err try_lead(struct ctx *ctx, struct db *db, const struct form_post *post,
                         const struct form *form, struct submission *submission,
                         struct failure *ret_why)
{
    struct savepoint savepoint;
    enum err err = db_savepoint(ctx, db, &savepoint);
    if (err)
        return err;
    err = make_lead(ctx, db, post, form, submission, ret_why);
    if (!err)
        return db_release(ctx, db, &savepoint);
    /* the engine has given up the transaction: so does the whole batch */
    if (!db_in_transaction(db))
        return err;
    db_rollback_to(db, &savepoint);
    if (!is_verdict(err))
        return err;
    submission->verdict = VERDICT_FAILED;
    submission->lead_id = (struct id){ 0 };
    if (!ret_why->err)
        *ret_why = ctx->failure;
    submission->detail = ret_why->detail;
    tell_posted_names(ret_why, post);
    failure_clear(ctx);
    return OK;
}

enum err form_submit(struct ctx *ctx, struct db *db, const struct form_post *post,
                     struct submission *ret, struct failure *ret_why)
{
    struct form form;
    enum err err = form_load(ctx, db, &post->form, &form);
    if (err)
        return err;
    *ret = (struct submission){ .id = id_new(ctx),
                                .form = post->form,
                                .received_at = ctx->now_ms,
                                .content_type = post->content_type,
                                .body = { (const uint8_t *)post->body, post->body_bytes } };
    if (post->unreadable) {
        ret->verdict = VERDICT_FAILED;
        ret->detail = post->unreadable;
    } else if (is_trapped(post)) {
        ret->verdict = VERDICT_TRAPPED;
    } else {
        *ret_why = (struct failure){ 0 };
        err = try_lead(ctx, db, post, &form, ret, ret_why);
    }
    if (!err)
        err = submission_insert(ctx, db, ret);
    if (!err)
        err = submission_index(ctx, db, &ret->id, post);
    if (!err)
        db_count(db, METRIC_SUBMISSIONS);
    return err;
}
