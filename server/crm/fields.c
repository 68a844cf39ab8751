/* fields.c: custom fields: what an installation keeps of its leads beyond our own members. What a
 * lead may have as a value, leads_fields.c knows. */
#include "rule_sets.h"

#include <string.h>
#include <strings.h>

const struct custom_field *catalog_custom_field(const struct catalog *catalog, const char *key)
{
    const struct custom_field *fields = catalog->custom_fields.items;
    for (size_t i = 0; i < catalog->custom_fields.count; i++)
        if (strcmp(fields[i].key, key) == 0)
            return &fields[i];
    return NULL;
}

const struct custom_field *catalog_custom_member(const struct catalog *catalog, const char *name)
{
    static const char prefix[] = "fields.";
    return strncmp(name, prefix, sizeof prefix - 1) == 0
               ? catalog_custom_field(catalog, name + sizeof prefix - 1)
               : NULL;
}

static enum err check_room(struct ctx *ctx, const struct catalog *catalog)
{
    const struct custom_field *fields = catalog->custom_fields.items;
    size_t count = 0;
    for (size_t i = 0; i < catalog->custom_fields.count; i++)
        count += fields[i].archived_at == NO_INT;
    if (count < CUSTOM_FIELDS_MAX)
        return OK;
    return fail(ctx, ERR_CONFLICT, NULL, "there are %d custom fields already: archive one",
                CUSTOM_FIELDS_MAX);
}

static enum err check_choices(struct ctx *ctx, const struct custom_field *field)
{
    const struct texts *choices = &field->choices;
    if (field->type != CUSTOM_CHOICE)
        return choices->count == 0
                   ? OK
                   : fail_member(ctx, "choices", "invalid", "only a choice has choices");
    if (choices->count == 0)
        return fail_member(ctx, "choices", "required", "the values that the choice takes");
    for (size_t i = 0; i < choices->count; i++) {
        if (utf8_length(choices->items[i]) > CHOICE_TEXT_MAX)
            return fail_member(ctx, "choices", "too_long", "at most %d characters each",
                               CHOICE_TEXT_MAX);
        for (size_t j = 0; j < i; j++)
            if (strcasecmp(choices->items[i], choices->items[j]) == 0)
                return fail_member(ctx, "choices", "repeated",
                                   "each choice once, whatever its case");
    }
    return OK;
}

static enum err check_limits(struct ctx *ctx, const struct custom_field *field)
{
    bool number = field->type == CUSTOM_NUMBER;
    if (!number && field->min != NO_INT)
        return fail_member(ctx, "min", "invalid", "only a number has a least value");
    if (!number && field->max != NO_INT)
        return fail_member(ctx, "max", "invalid", "only a number has a greatest value");
    if (field->min != NO_INT && field->max != NO_INT && field->min > field->max)
        return fail_member(ctx, "max", "out_of_range", "must not be less than min");
    if (field->type != CUSTOM_TEXT && field->max_length != NO_INT)
        return fail_member(ctx, "max_length", "invalid", "only a text has a length");
    return OK;
}

static enum err check(struct ctx *ctx, const struct custom_field *field)
{
    enum err choices = check_choices(ctx, field), limits = check_limits(ctx, field);
    return choices ? choices : limits;
}

enum err custom_field_create(struct ctx *ctx, struct db *db, const struct custom_field_input *input,
                             struct custom_field *ret)
{
    const struct catalog *catalog;
    enum err err = catalog_get(ctx, db, &catalog);
    if (err)
        return err;
    if (!word_valid(input->key))
        return fail_member(ctx, "key", "invalid",
                           "lower-case letters, digits and _, a letter first");
    if (catalog_custom_field(catalog, input->key))
        return fail(ctx, ERR_DUPLICATE, "key", "another custom field has it");
    err = check_room(ctx, catalog);
    if (err)
        return err;
    *ret = (struct custom_field){ .field_id = (int64_t)catalog->custom_fields.count + 1,
                                  .key = input->key,
                                  .name = input->name,
                                  .type = (enum custom_type)input->type,
                                  .choices = input->choices,
                                  .min = input->min,
                                  .max = input->max,
                                  .max_length = input->max_length,
                                  .indexed = input->indexed == 1,
                                  .created_at = ctx->now_ms,
                                  .archived_at = NO_INT };
    if (ret->type == CUSTOM_TEXT && ret->max_length == NO_INT)
        ret->max_length = CUSTOM_TEXT_MAX;
    err = check(ctx, ret);
    if (!err)
        err = custom_field_insert(ctx, db, ret);
    return err ? err : catalog_renew(ctx, db);
}

static bool has(const struct custom_field_input *input, const char *member)
{
    return input_has(&custom_field_patch_table, input, member);
}

static void take(struct ctx *ctx, const struct custom_field_input *input,
                 struct custom_field *field)
{
    if (has(input, "name"))
        field->name = input->name;
    if (has(input, "choices"))
        field->choices = input->choices;
    if (has(input, "min"))
        field->min = input->min;
    if (has(input, "max"))
        field->max = input->max;
    if (has(input, "max_length"))
        field->max_length = input->max_length;
    if (field->type == CUSTOM_TEXT && field->max_length == NO_INT)
        field->max_length = CUSTOM_TEXT_MAX;
    if (has(input, "archived") && (input->archived == 1) != (field->archived_at != NO_INT))
        field->archived_at = input->archived == 1 ? ctx->now_ms : NO_INT;
}

/* It is answered by another thread, when the writer may have renewed the catalog. */
static enum err own_texts(struct ctx *ctx, struct custom_field *field)
{
    const char **copies = ctx_alloc(ctx, (field->choices.count + 1) * sizeof *copies);
    field->key = ctx_text(ctx, field->key);
    field->name = ctx_text(ctx, field->name);
    if (!copies || !field->key || !field->name)
        return ERR_MEMORY;
    for (size_t i = 0; i < field->choices.count; i++)
        if (!(copies[i] = ctx_text(ctx, field->choices.items[i])))
            return ERR_MEMORY;
    field->choices.items = copies;
    return OK;
}

static enum err check_unrequired(struct ctx *ctx, const struct catalog *catalog, const char *key)
{
    const struct pipeline *pipelines = catalog->pipelines.items;
    for (size_t i = 0; i < catalog->pipelines.count; i++) {
        const struct stage *stages = pipelines[i].stages.items;
        for (size_t j = 0; j < pipelines[i].stages.count; j++)
            for (size_t k = 0; k < stages[j].required_fields.count; k++) {
                const struct custom_field *field =
                    catalog_custom_member(catalog, stages[j].required_fields.items[k]);
                if (field && strcmp(field->key, key) == 0)
                    return fail(ctx, ERR_CONFLICT, NULL, "the stage %s requires it", stages[j].key);
            }
    }
    return OK;
}

/* Nothing that stands on it goes on as if it were there. */
static enum err archive(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                        struct custom_field *field)
{
    enum err err = check_unrequired(ctx, catalog, field->key);
    return err ? err : rule_sets_release_field(ctx, db, catalog, field->key, &field->drafts);
}

enum err custom_field_edit(struct ctx *ctx, struct db *db, const char *key,
                           const struct custom_field_input *input, struct custom_field *ret)
{
    const struct catalog *catalog;
    enum err err = catalog_get(ctx, db, &catalog);
    if (err)
        return err;
    const struct custom_field *known = catalog_custom_field(catalog, key);
    if (!known)
        return ERR_NOT_FOUND;
    *ret = *known;
    take(ctx, input, ret);
    err = own_texts(ctx, ret);
    if (!err && known->archived_at != NO_INT && ret->archived_at == NO_INT)
        err = check_room(ctx, catalog);
    if (!err && known->archived_at == NO_INT && ret->archived_at != NO_INT)
        err = archive(ctx, db, catalog, ret);
    if (!err)
        err = check(ctx, ret);
    if (!err)
        err = custom_field_save(ctx, db, ret);
    return err ? err : catalog_renew(ctx, db);
}
