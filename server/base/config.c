/* config.c: reads options from defaults, file, environment and flags, and describes them, from
 * one table. It only reads: acting on an option is the business of whoever owns what it sets. */
#include <funneld/config.h>
#include <funneld/field.h>

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_FILE "/etc/funneld/funneld.conf"
#define ENVIRONMENT_PREFIX "FUNNELD_"

enum option_kind { OPTION_KIND_TEXT, OPTION_KIND_INT, OPTION_KIND_NAME };

struct option {
    const char *key;
    enum option_kind kind;
    size_t offset;
    const char *text;         /* the default of a text */
    int64_t number, min, max; /* the default of the others; limits of a number */
    const char *const *names;
    const char *help;
};

static const struct option options[] = {
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

enum { OPTION_COUNT = ARRAY_SIZE(options), KEY_SIZE = 64 };

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

/* What an option takes, for people; nothing for a text. */
static void option_range(struct buffer *buffer, const struct option *option)
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

/* `where` names the source of the value: "funneld.conf:12", "FUNNELD_LISTEN", "--listen". */
static enum err option_set(struct ctx *ctx, struct config *config, const struct option *option,
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

static void defaults_set(struct config *config)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (options[i].kind == OPTION_KIND_TEXT)
            option_store_text(&options[i], config, options[i].text);
        else
            option_store_number(&options[i], config, options[i].number);
    }
}

/* ---- The file ---- */

struct reading {
    struct ctx *ctx;
    struct config *config;
    const char *path;
    FILE *file;
    int line;
    bool set[OPTION_COUNT];
};

static enum err reading_fail(struct reading *reading, const char *name, const char *problem)
{
    return fail(reading->ctx, ERR_CONFIG, NULL, "%s:%d: %s%s%s", reading->path, reading->line, name,
                *name == '\0' ? "" : ": ", problem);
}

/* Feeds the parser line by line, because it does not tell its handler where it is. Leading
 * blanks are dropped: to the parser they would mean that the value before goes on. */
static char *reading_line(char *line, int size, void *stream)
{
    struct reading *reading = stream;
    if (reading->ctx->failure.err != OK || fgets(line, size, reading->file) == NULL)
        return NULL;
    reading->line++;
    size_t bytes = strlen(line);
    if ((bytes == 0 || line[bytes - 1] != '\n') && !feof(reading->file)) {
        enum err ignored = reading_fail(reading, "", "the line is too long");
        (void)ignored;
        return NULL;
    }
    size_t blanks = strspn(line, " \t");
    memmove(line, line + blanks, bytes - blanks + 1);
    return line;
}

static enum err reading_guess(struct reading *reading, const char *name)
{
    struct guess guess = { .text = name, .bytes = strlen(name) };
    for (size_t i = 0; i < OPTION_COUNT; i++)
        guess_try(&guess, options[i].key);
    return fail(reading->ctx, ERR_CONFIG, NULL,
                "%s:%d: %.100s: no such option" GUESS_FORMAT "; funneld --help lists them",
                reading->path, reading->line, name, GUESS_ARGUMENTS(&guess));
}

static enum err reading_option(struct reading *reading, const char *section, const char *name,
                               const char *value)
{
    if (*section != '\0')
        return reading_fail(reading, name, "options stand outside of sections such as [section]");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strcmp(options[i].key, name) != 0)
            continue;
        if (reading->set[i])
            return reading_fail(reading, name, "is set for a second time");
        reading->set[i] = true;
        const char *where =
            arena_printf(reading->ctx->arena, "%s:%d", reading->path, reading->line);
        return option_set(reading->ctx, reading->config, &options[i], value,
                          where == NULL ? reading->path : where);
    }
    return reading_guess(reading, name);
}

static int reading_handler(void *user, const char *section, const char *name, const char *value)
{
    return reading_option(user, section, name, value) == OK;
}

static void file_done(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

static enum err file_load(struct ctx *ctx, struct config *config, const char *path, bool named)
{
    _cleanup_(file_done) FILE *file = fopen(path, "re");
    if (file == NULL && errno == ENOENT && !named)
        return OK;
    if (file == NULL)
        return fail(ctx, ERR_CONFIG, NULL, "%s: cannot be read: %s", path, strerror(errno));
    struct reading reading = { .ctx = ctx, .config = config, .path = path, .file = file };
    int bad_line = ini_parse_stream(reading_line, &reading, reading_handler, &reading);
    if (ctx->failure.err != OK)
        return ctx->failure.err;
    if (ferror(file))
        return fail(ctx, ERR_CONFIG, NULL, "%s: cannot be read: %s", path, strerror(errno));
    if (bad_line != 0)
        return fail(ctx, ERR_CONFIG, NULL, "%s:%d: must be \"option = value\" or a # comment", path,
                    bad_line);
    return OK;
}

/* ---- Environment and flags ---- */

/* The key in another spelling: every byte through `map`. */
static void key_spell(char out[static KEY_SIZE], const char *prefix, const char *key,
                      int (*map)(int))
{
    size_t length = (size_t)snprintf(out, KEY_SIZE, "%s", prefix);
    for (; *key != '\0' && length < KEY_SIZE - 1; key++)
        out[length++] = (char)map((unsigned char)*key);
    out[length] = '\0';
}

static int flag_byte(int byte)
{
    return byte == '_' ? '-' : byte;
}

/* Variables with our prefix that are no options: where the file is, what only tests read, and what
 * container platforms set by themselves for a service that is called funneld. */
static const char *const foreign_prefixes[] = {
    "FUNNELD_CONFIG=", "FUNNELD_TEST_", "FUNNELD_SERVICE_", "FUNNELD_PORT=", "FUNNELD_PORT_",
};

static bool is_foreign(const char *variable)
{
    for (size_t i = 0; i < ARRAY_SIZE(foreign_prefixes); i++)
        if (strncmp(variable, foreign_prefixes[i], strlen(foreign_prefixes[i])) == 0)
            return true;
    return false;
}

/* A variable that is misspelt would leave the default in force, without a word. */
static enum err environment_check(struct ctx *ctx)
{
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        size_t length = strcspn(*variable, "=");
        bool known = strncmp(*variable, ENVIRONMENT_PREFIX, strlen(ENVIRONMENT_PREFIX)) != 0 ||
                     is_foreign(*variable);
        struct guess guess = { .text = *variable, .bytes = length };
        for (size_t i = 0; i < OPTION_COUNT && !known; i++) {
            char name[KEY_SIZE];
            key_spell(name, ENVIRONMENT_PREFIX, options[i].key, toupper);
            known = strlen(name) == length && strncmp(name, *variable, length) == 0;
            guess_try(&guess, name);
        }
        if (!known)
            return fail(ctx, ERR_CONFIG, NULL,
                        "%.*s: no such option" GUESS_FORMAT "; funneld --help lists them",
                        length > 100 ? 100 : (int)length, *variable, GUESS_ARGUMENTS(&guess));
    }
    return OK;
}

static enum err environment_load(struct ctx *ctx, struct config *config)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char name[KEY_SIZE];
        key_spell(name, ENVIRONMENT_PREFIX, options[i].key, toupper);
        const char *value = getenv(name);
        if (value == NULL)
            continue;
        enum err err = option_set(ctx, config, &options[i], value, name);
        if (err != OK)
            return err;
    }
    return environment_check(ctx);
}

struct config_flags {
    const char *config;               /* --config */
    const char *values[OPTION_COUNT]; /* NULL: not given */
};

/* Where the value of this flag is kept, or NULL when it is none of ours. `length` is that of
 * "--name". */
static const char **flag_slot(struct config_flags *flags, const char *argument, size_t length)
{
    if (length == strlen("--config") && strncmp(argument, "--config", length) == 0)
        return &flags->config;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char name[KEY_SIZE];
        key_spell(name, "--", options[i].key, flag_byte);
        if (strlen(name) == length && strncmp(argument, name, length) == 0)
            return &flags->values[i];
    }
    return NULL;
}

void config_guess_flag(struct guess *guess)
{
    guess_try(guess, "--config");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char name[KEY_SIZE];
        key_spell(name, "--", options[i].key, flag_byte);
        guess_try(guess, name);
    }
}

/* Takes our flags out of argv. What follows "--" is left alone. */
static enum err flags_take(struct ctx *ctx, struct config_flags *flags, int *argc, char **argv)
{
    int kept = 1;
    int next = 1;
    while (next < *argc && strcmp(argv[next], "--") != 0) {
        char *argument = argv[next++];
        size_t length = strcspn(argument, "=");
        const char **slot = flag_slot(flags, argument, length);
        if (slot == NULL)
            argv[kept++] = argument;
        else if (argument[length] == '=')
            *slot = argument + length + 1;
        else if (next < *argc)
            *slot = argv[next++];
        else
            return fail(ctx, ERR_CONFIG, NULL, "%s: needs a value", argument);
    }
    while (next < *argc)
        argv[kept++] = argv[next++];
    argv[kept] = NULL;
    *argc = kept;
    return OK;
}

static enum err flags_apply(struct ctx *ctx, struct config *config,
                            const struct config_flags *flags)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (flags->values[i] == NULL)
            continue;
        char name[KEY_SIZE];
        key_spell(name, "--", options[i].key, flag_byte);
        enum err err = option_set(ctx, config, &options[i], flags->values[i], name);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err config_read(struct ctx *ctx, struct config *config)
{
    const struct config_flags *flags = config->flags;
    defaults_set(config);
    const char *path = flags->config != NULL ? flags->config : getenv("FUNNELD_CONFIG");
    enum err err = file_load(ctx, config, path == NULL ? CONFIG_FILE : path, path != NULL);
    if (err == OK)
        err = environment_load(ctx, config);
    return err == OK ? flags_apply(ctx, config, flags) : err;
}

enum err config_load(struct ctx *ctx, struct config *config, int *argc, char **argv)
{
    struct config_flags *flags = ctx_alloc(ctx, sizeof(*flags));
    if (flags == NULL)
        return ERR_MEMORY;
    config->flags = flags;
    defaults_set(config);
    enum err err = flags_take(ctx, flags, argc, argv);
    return err == OK ? config_read(ctx, config) : err;
}

enum err config_reload(struct ctx *ctx, const struct config *first, struct config *ret)
{
    ret->flags = first->flags;
    return config_read(ctx, ret);
}

/* ---- Describing ---- */

static void option_default(struct buffer *buffer, const struct option *option)
{
    switch (option->kind) {
    case OPTION_KIND_TEXT: buffer_text(buffer, option->text); return;
    case OPTION_KIND_INT: buffer_int(buffer, option->number); return;
    case OPTION_KIND_NAME: buffer_text(buffer, option->names[option->number]); return;
    }
}

void config_example(struct buffer *buffer)
{
    buffer_text(buffer,
                "# Every option of funneld with its default. The environment (FUNNELD_LISTEN=...)\n"
                "# overrides this file, and flags (--listen=...) override both.\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        buffer_printf(buffer, "\n# %s\n", options[i].help);
        if (options[i].kind != OPTION_KIND_TEXT) {
            buffer_text(buffer, "# ");
            option_range(buffer, &options[i]);
            buffer_text(buffer, ".\n");
        }
        buffer_printf(buffer, "#%s =", options[i].key);
        if (options[i].kind != OPTION_KIND_TEXT || *options[i].text != '\0')
            buffer_char(buffer, ' ');
        option_default(buffer, &options[i]);
        buffer_char(buffer, '\n');
    }
}

static void option_value(struct buffer *buffer, const struct option *option,
                         const struct config *config)
{
    const void *member = (const char *)config + option->offset;
    if (option->kind == OPTION_KIND_INT)
        buffer_int(buffer, *(const int64_t *)member);
    else if (option->kind == OPTION_KIND_NAME)
        buffer_text(buffer, option->names[*(const int *)member]);
    else
        buffer_text(buffer, *(const char *const *)member);
}

void config_show(struct buffer *buffer, const struct config *config)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        struct buffer value = { .arena = buffer->arena };
        option_value(&value, &options[i], config);
        buffer_printf(buffer, "%s =%s%.*s\n", options[i].key, value.length == 0 ? "" : " ",
                      (int)value.length, value.length == 0 ? "" : value.data);
        buffer->failed |= value.failed;
    }
}

void config_differences(struct buffer *buffer, const struct config *a, const struct config *b)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        struct buffer texts[2] = { { .arena = buffer->arena }, { .arena = buffer->arena } };
        option_value(&texts[0], &options[i], a);
        option_value(&texts[1], &options[i], b);
        if (texts[0].length == texts[1].length &&
            (texts[0].length == 0 || memcmp(texts[0].data, texts[1].data, texts[0].length) == 0))
            continue;
        buffer_printf(buffer, "%s%s", buffer->length == 0 ? "" : ", ", options[i].key);
    }
}

void config_help(struct buffer *buffer)
{
    buffer_printf(buffer, "  %-28s Read options from this file. [%s]\n", "--config=FILE",
                  CONFIG_FILE);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        static const char *const placeholders[] = { "=TEXT", "=N", "=NAME" };
        char name[KEY_SIZE];
        key_spell(name, "--", options[i].key, flag_byte);
        strncat(name, placeholders[options[i].kind], sizeof(name) - strlen(name) - 1);
        buffer_printf(buffer, "  %-28s %s [", name, options[i].help);
        option_default(buffer, &options[i]);
        if (options[i].kind != OPTION_KIND_TEXT) {
            buffer_text(buffer, "; ");
            option_range(buffer, &options[i]);
        }
        buffer_text(buffer, "]\n");
    }
}
