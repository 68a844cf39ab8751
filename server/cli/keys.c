/* keys.c: `key create`, `key list` and `key revoke`. */
#include "answer.h"

#include <funneld/http.h>
#include <funneld/types.h>

#include <string.h>

/* ---- Create ---- */

/* "read,write" as items of an array; what is no scope is told before anything is asked of the
 * service. */
static enum status scopes_write(const struct cli *cli, struct json *json, const char *list)
{
    json_open(json, "scopes", '[');
    while (*list != '\0') {
        size_t length = strcspn(list, ",");
        char *scope = text_trim(cli->ctx->arena, list, length);
        if (scope == NULL)
            return complain(STATUS_TEMPORARY, "not enough memory");
        if (name_find(scope_names, scope) < 0)
            return complain_usage(
                cli, "\"%s\" is no scope; there are read, write, ingest and admin", scope);
        json_text(json, NULL, scope);
        list += length + (list[length] == ',');
    }
    json_close(json, ']');
    return STATUS_OK;
}

static enum status key_body_write(const struct cli *cli, struct buffer *body)
{
    struct json json = { .out = body };
    const char *name = option_value(cli, "--name");
    if (*name == '\0' || !utf8_valid(name, strlen(name)))
        return complain_usage(cli, "--name must be some text in UTF-8");
    json_open(&json, NULL, '{');
    json_text(&json, "name", name);
    enum status status = scopes_write(cli, &json, option_value(cli, "--scopes"));
    json_close(&json, '}');
    if (status == STATUS_OK && body->failed)
        return complain(STATUS_TEMPORARY, "not enough memory");
    return status;
}

static enum status key_print(const struct cli *cli, const struct answer *answer)
{
    struct api_key key;
    if (answer->status != 201)
        return answer_complain(cli->ctx, answer);
    if (answer_read(cli->ctx, answer, &api_key_table, &key) != OK)
        return complain_failure(cli->ctx);
    if (key.key == NULL)
        return complain(STATUS_FAILED, "the answer of the service holds no key");
    char id[ID_TEXT_SIZE];
    id_format(&key.id, id);
    puts(key.key);
    enum status status = output_end(STATUS_OK);
    fprintf(stderr,
            "It is shown this once. To use it: Authorization: Bearer KEY\n"
            "To end it: funneld key revoke %s\n",
            id);
    return status;
}

enum status key_create_command(const struct cli *cli)
{
    _cleanup_(control_done) struct control *control = NULL;
    struct buffer body = { .arena = cli->ctx->arena };
    struct answer answer;
    enum status status = key_body_write(cli, &body);
    if (status != STATUS_OK)
        return status;
    if (control_open(cli->ctx, cli->config, /* create= */ true, &control) != OK ||
        control_request(control, "POST", "/v1/keys", &body, &answer) != OK)
        return complain_failure(cli->ctx);
    return key_print(cli, &answer);
}

/* ---- List ---- */

struct key_page {
    struct rows data; /* struct api_key */
    int64_t has_more;
    const char *next_cursor;
};

static const struct field key_page_fields[] = {
    FIELD(struct key_page, data, ROWS, .of = &api_key_table),
    FIELD(struct key_page, has_more, BOOL),
    FIELD(struct key_page, next_cursor, TEXT),
};
static const struct table key_page_table = TABLE(struct key_page, "key_page", key_page_fields);

/* 2026-11-22 22:05 is what a person wants to know of a time. */
static void time_print(int64_t time_ms, const char *otherwise)
{
    char text[TIME_TEXT_SIZE];
    time_format(time_ms, text);
    if (time_ms == NO_INT)
        printf("%-17s", otherwise);
    else
        printf("%.10s %.5s  ", text, text + 11);
}

static void key_row_print(const struct api_key *key)
{
    char id[ID_TEXT_SIZE], scopes[64] = "";
    id_format(&key->id, id);
    for (size_t i = 0; i < key->scopes.count; i++) {
        size_t length = strlen(scopes);
        snprintf(scopes + length, sizeof(scopes) - length, "%s%s", i > 0 ? "," : "",
                 key->scopes.items[i]);
    }
    printf("%s  ", id);
    time_print(key->created_at, "");
    time_print(key->revoked_at, "-");
    printf("%-24s ", scopes);
    output_text(stdout, key->name == NULL ? "" : key->name);
    putchar('\n');
}

/* Prints one page, and leaves in *path that of the next one, NULL after the last. */
static enum status key_page_print(const struct cli *cli, struct control *control, const char **path)
{
    struct answer answer;
    struct key_page page;
    if (control_request(control, "GET", *path, NULL, &answer) != OK)
        return complain_failure(cli->ctx);
    if (answer.status != 200)
        return answer_complain(cli->ctx, &answer);
    if (answer_read(cli->ctx, &answer, &key_page_table, &page) != OK)
        return complain_failure(cli->ctx);
    const struct api_key *keys = page.data.items;
    for (size_t i = 0; i < page.data.count; i++)
        key_row_print(&keys[i]);
    *path = NULL;
    if (page.has_more != 1 || page.next_cursor == NULL)
        return STATUS_OK;
    const char *cursor = control_escape(control, page.next_cursor);
    if (cursor != NULL)
        *path = arena_printf(cli->ctx->arena, "/v1/keys?limit=200&cursor=%s", cursor);
    return *path == NULL ? complain(STATUS_TEMPORARY, "not enough memory") : STATUS_OK;
}

enum status key_list_command(const struct cli *cli)
{
    _cleanup_(control_done) struct control *control = NULL;
    if (control_open(cli->ctx, cli->config, /* create= */ false, &control) != OK)
        return complain_failure(cli->ctx);
    printf("%-36s  %-16s  %-16s %-24s %s\n", "ID", "CREATED (UTC)", "REVOKED", "SCOPES", "NAME");
    const char *path = "/v1/keys?limit=200";
    enum status status = STATUS_OK;
    while (status == STATUS_OK && path != NULL)
        status = key_page_print(cli, control, &path);
    return output_end(status);
}

/* ---- Revoke ---- */

enum status key_revoke_command(const struct cli *cli)
{
    struct id id;
    char text[ID_TEXT_SIZE];
    if (!id_parse(cli->operands[0], &id))
        return complain_usage(cli, "\"%s\" is no id; `funneld key list` shows them",
                              cli->operands[0]);
    id_format(&id, text);
    char path[ID_TEXT_SIZE + 16];
    snprintf(path, sizeof(path), "/v1/keys/%s", text);

    _cleanup_(control_done) struct control *control = NULL;
    struct answer answer;
    if (control_open(cli->ctx, cli->config, /* create= */ false, &control) != OK ||
        control_request(control, "DELETE", path, NULL, &answer) != OK)
        return complain_failure(cli->ctx);
    if (answer.status == 404)
        return complain(STATUS_FAILED, "no key has the id %s; `funneld key list` shows them", text);
    if (answer.status != 204 && answer.status != 200)
        return answer_complain(cli->ctx, &answer);
    printf("The key %s is revoked; it opens nothing any more.\n", text);
    return output_end(STATUS_OK);
}
