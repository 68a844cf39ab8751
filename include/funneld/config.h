/* config.h: every option of the daemon. One row each in server/base/options.def gives the struct
 * member, the key in the file, the environment variable, the flag, the default and the help. */
#ifndef FUNNELD_CONFIG_H
#define FUNNELD_CONFIG_H

#include <funneld/base.h>

struct config_flags;

struct config {
#define OPTION_TEXT(member, fallback, help) const char *member;
#define OPTION_INT(member, fallback, min, max, help) int64_t member;
#define OPTION_NAME(member, fallback, names, help) int member;
#include "options.def"
#undef OPTION_TEXT
#undef OPTION_INT
#undef OPTION_NAME
    const struct config_flags *flags; /* those of the command line, for config_reload() */
};

/* File < environment (FUNNELD_LISTEN) < flags (--listen=... or --listen ...). Reads flags from
 * argv and moves what is not an option of the daemon to the front, setting *argc. Texts live in
 * the arena. On ERR_CONFIG ctx->failure says which option, where it was set and what would be
 * right. */
enum err config_load(struct ctx *ctx, struct config *config, int *argc, char **argv) _must_check_;
/* Tries all flags: "--listen". */
void config_guess_flag(struct guess *guess);
/* The same again, with the flags of the first time: the file may have changed. */
enum err config_reload(struct ctx *ctx, const struct config *first, struct config *ret)
    _must_check_;
/* The keys of the options in which the two differ: "listen, queue_max". */
void config_differences(struct buffer *buffer, const struct config *a, const struct config *b);
/* The options as a commented configuration file with their defaults (config/funneld.conf is
 * this). */
void config_example(struct buffer *buffer);
/* The options in force, in the same form but without comments. */
void config_show(struct buffer *buffer, const struct config *config);
/* The options as lines of --help. */
void config_help(struct buffer *buffer);

#endif
