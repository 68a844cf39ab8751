/* config.c: reads options from the file, the environment and flags. It only reads: acting on an
 * option is the business of whoever owns what it sets. */
#include "config_options.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
        bool known =
            strncmp(*variable, OPTION_ENVIRONMENT_PREFIX, strlen(OPTION_ENVIRONMENT_PREFIX)) != 0 ||
            is_foreign(*variable);
        struct guess guess = { .text = *variable, .bytes = length };
        for (size_t i = 0; i < OPTION_COUNT && !known; i++) {
            char name[OPTION_KEY_SIZE];
            option_variable(name, &options[i]);
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
        char name[OPTION_KEY_SIZE];
        option_variable(name, &options[i]);
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
        char name[OPTION_KEY_SIZE];
        option_flag(name, &options[i]);
        if (strlen(name) == length && strncmp(argument, name, length) == 0)
            return &flags->values[i];
    }
    return NULL;
}

void config_guess_flag(struct guess *guess)
{
    guess_try(guess, "--config");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char name[OPTION_KEY_SIZE];
        option_flag(name, &options[i]);
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
        char name[OPTION_KEY_SIZE];
        option_flag(name, &options[i]);
        enum err err = option_set(ctx, config, &options[i], flags->values[i], name);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err config_read(struct ctx *ctx, struct config *config)
{
    const struct config_flags *flags = config->flags;
    options_set_defaults(config);
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
    options_set_defaults(config);
    enum err err = flags_take(ctx, flags, argc, argv);
    return err == OK ? config_read(ctx, config) : err;
}

enum err config_reload(struct ctx *ctx, const struct config *first, struct config *ret)
{
    ret->flags = first->flags;
    return config_read(ctx, ret);
}
