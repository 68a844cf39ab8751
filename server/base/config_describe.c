/* config_describe.c: options as people read them: the example file, --help, what is set, and what
 * differs. */
#include "config_options.h"

#include <stdio.h>
#include <string.h>

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
        char name[OPTION_KEY_SIZE];
        option_flag(name, &options[i]);
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
