/* config_options.h: the options as a table, and what one can do with each. Private to base. */
#ifndef FUNNELD_BASE_CONFIG_OPTIONS_H
#define FUNNELD_BASE_CONFIG_OPTIONS_H

#include <funneld/config.h>

#define CONFIG_FILE "/etc/funneld/funneld.conf"
#define OPTION_ENVIRONMENT_PREFIX "FUNNELD_"

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

enum {
#define OPTION_TEXT(member, ...) OPTION_NUMBER_##member,
#define OPTION_INT(member, ...) OPTION_NUMBER_##member,
#define OPTION_NAME(member, ...) OPTION_NUMBER_##member,
#include "options.def"
#undef OPTION_TEXT
#undef OPTION_INT
#undef OPTION_NAME
    OPTION_COUNT,
    OPTION_KEY_SIZE = 64,
};
extern const struct option options[OPTION_COUNT];

void options_set_defaults(struct config *config);
/* `where` names the source of the value: "funneld.conf:12", "FUNNELD_LISTEN", "--listen". */
enum err option_set(struct ctx *ctx, struct config *config, const struct option *option,
                    const char *value, const char *where) _must_check_;
/* What it takes, for people; nothing for a text. */
void option_range(struct buffer *buffer, const struct option *option);

/* "FUNNELD_LISTEN" and "--listen" */
void option_variable(char out[static OPTION_KEY_SIZE], const struct option *option);
void option_flag(char out[static OPTION_KEY_SIZE], const struct option *option);

#endif
