/* config_options.c: the table of options, and what each of them accepts. Where the values come from
 * is config.c's. */
#include "config_options.h"

#include <funneld/field.h>

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option options[OPTION_COUNT] = {
#define OPTION_TEXT(member, fallback, help_)                                                       \
    { .key = #member,                                                                              \
      .kind = OPTION_KIND_TEXT,                                                                    \
      .offset = offsetof(struct config, member),                                                   \
      .text = fallback,                                                                            \
      .help = help_ },
#define OPTION_INT(member, fallback, min_, max_, help_)                                            \
    { .key = #member,                                                                              \
      .kind = OPTION_KIND_INT,                                                                     \
      .offset = offsetof(struct config, member),                                                   \
      .number = fallback,                                                                          \
      .min = min_,                                                                                 \
      .max = max_,                                                                                 \
      .help = help_ },
#define OPTION_NAME(member, fallback, names_, help_)                                               \
    { .key = #member,                                                                              \
      .kind = OPTION_KIND_NAME,                                                                    \
      .offset = offsetof(struct config, member),                                                   \
      .number = fallback,                                                                          \
      .names = names_,                                                                             \
      .help = help_ },
#include "options.def"
#undef OPTION_TEXT
#undef OPTION_INT
#undef OPTION_NAME
};

/* ---- What a text must look like ---- */

static bool is_not_empty(const char *text)
{
    return *text != '\0';
}

static bool is_currency(const char *text)
{
    return strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

static bool number_parse(const char *text, int64_t *ret)
{
    size_t sign = text[0] == '-';
    size_t digits = strspn(text + sign, "0123456789");
    if (digits == 0 || text[sign + digits] != '\0')
        return false;
    *ret = strtoll(text, NULL, 10); /* what is too long ends beyond every range */
    return true;
}

static bool is_listen_address(const char *text)
{
    static const char name_characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    size_t host = 0;
    if (text[0] == '[') {
        size_t inside = strspn(text + 1, "0123456789abcdefABCDEF:.");
        if (inside == 0 || text[1 + inside] != ']')
            return false;
        host = inside + 2;
    } else {
        host = strspn(text, name_characters);
    }
    if (host == 0 || text[host] != ':')
        return false;
    const char *port = text + host + 1;
    int64_t number;
    return *port != '-' && strlen(port) <= 5 && number_parse(port, &number) && number <= 65535;
}

static bool is_network_list(const char *text)
{
    struct networks networks;
    return networks_parse(text, &networks);
}

/* "https://app.example.com:8443": what browsers send, so nothing after the port. */
static bool is_origin_list(const char *text)
{
    static const char schemes[][9] = { "https://", "http://" };
    size_t bytes;
    for (const char *item; (item = list_item(&text, &bytes)) != NULL;) {
        size_t scheme = 0;
        for (size_t i = 0; i < ARRAY_SIZE(schemes) && scheme == 0; i++)
            if (strncmp(item, schemes[i], strlen(schemes[i])) == 0)
                scheme = strlen(schemes[i]);
        size_t host = strspn(item + scheme, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]");
        if (scheme == 0 || host == 0 || scheme + host != bytes)
            return false;
    }
    return true;
}

static const struct {
    const char *key;
    bool (*is_valid)(const char *text);
    const char *right;
} text_rules[] = {
    { "listen", is_listen_address, "an address and a port such as 127.0.0.1:8080 or [::1]:8080" },
    { "database", is_not_empty, "the path of a file" },
    { "time_zone", clock_has_zone, "UTC, or a zone of this system such as Europe/Berlin" },
    { "trusted_proxies", is_network_list, "addresses and networks such as ::1, 10.0.0.0/8" },
    { "cors_origins", is_origin_list, "origins in small letters such as https://app.example.com" },
    { "currency", is_currency, "an ISO 4217 code such as EUR" },
};

/* What would be right instead of this text, or NULL when it is right. */
static const char *text_objection(const struct option *option, const char *value)
{
    for (size_t i = 0; i < ARRAY_SIZE(text_rules); i++)
        if (strcmp(text_rules[i].key, option->key) == 0 && !text_rules[i].is_valid(value))
            return text_rules[i].right;
    return NULL;
}

/* ---- Setting one option ---- */

/* Either int64_t or int by kind, as config.h declares it. */
static void option_store_number(const struct option *option, struct config *config, int64_t number)
{
    void *member = (char *)config + option->offset;
    if (option->kind == OPTION_KIND_INT)
        memcpy(member, &number, sizeof(number));
    else
        memcpy(member, &(int){ (int)number }, sizeof(int));
}

static void option_store_text(const struct option *option, struct config *config, const char *text)
{
    memcpy((char *)config + option->offset, &text, sizeof(text));
}

/* "debug, info, warn or error" */
static void names_list(struct buffer *buffer, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        if (i > 0)
            buffer_text(buffer, names[i + 1] == NULL ? " or " : ", ");
        buffer_text(buffer, names[i]);
    }
}

void option_range(struct buffer *buffer, const struct option *option)
{
    if (option->kind == OPTION_KIND_INT)
        buffer_printf(buffer, "%lld to %lld", (long long)option->min, (long long)option->max);
    else if (option->kind == OPTION_KIND_NAME)
        names_list(buffer, option->names);
}

static enum err option_refuse(struct ctx *ctx, const struct option *option, const char *value,
                              const char *where, const char *right)
{
    struct buffer range = { .arena = ctx->arena };
    option_range(&range, option);
    return fail(ctx, ERR_CONFIG, NULL, "%s: %s must be %s%.*s, not \"%.200s\"", where, option->key,
                right, (int)range.length, range.length == 0 ? "" : range.data, value);
}

enum err option_set(struct ctx *ctx, struct config *config, const struct option *option,
                    const char *value, const char *where)
{
    switch (option->kind) {
    case OPTION_KIND_TEXT: {
        const char *right = text_objection(option, value);
        if (right != NULL)
            return option_refuse(ctx, option, value, where, right);
        const char *text = ctx_text(ctx, value);
        if (text == NULL)
            return ERR_MEMORY;
        option_store_text(option, config, text);
        return OK;
    }
    case OPTION_KIND_INT: {
        int64_t number;
        if (!number_parse(value, &number) || number < option->min || number > option->max)
            return option_refuse(ctx, option, value, where, "a whole number from ");
        option_store_number(option, config, number);
        return OK;
    }
    case OPTION_KIND_NAME: {
        int number = name_find(option->names, value);
        if (number < 0)
            return option_refuse(ctx, option, value, where, "");
        option_store_number(option, config, number);
        return OK;
    }
    }
    return ERR_INTERNAL;
}

void options_set_defaults(struct config *config)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (options[i].kind == OPTION_KIND_TEXT)
            option_store_text(&options[i], config, options[i].text);
        else
            option_store_number(&options[i], config, options[i].number);
    }
}

/* ---- Names ---- */

/* The key in another spelling: every byte through `map`. */
static void key_spell(char out[static OPTION_KEY_SIZE], const char *prefix, const char *key,
                      int (*map)(int))
{
    size_t length = (size_t)snprintf(out, OPTION_KEY_SIZE, "%s", prefix);
    for (; *key != '\0' && length < OPTION_KEY_SIZE - 1; key++)
        out[length++] = (char)map((unsigned char)*key);
    out[length] = '\0';
}

static int flag_byte(int byte)
{
    return byte == '_' ? '-' : byte;
}

void option_variable(char out[static OPTION_KEY_SIZE], const struct option *option)
{
    key_spell(out, OPTION_ENVIRONMENT_PREFIX, option->key, toupper);
}

void option_flag(char out[static OPTION_KEY_SIZE], const struct option *option)
{
    key_spell(out, "--", option->key, flag_byte);
}
