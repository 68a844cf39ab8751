/* arguments.c: finds the command that a command line names and reads its options and operands by
 * the command's row. Options of the daemon were taken out before by config_load(). Does nothing
 * of what a command does. */
#include "command.h"

#include <string.h>

/* How many words of argv this command's words are; 0 when argv begins otherwise. */
static size_t words_match(const char *words, size_t argc, char *const *argv)
{
    size_t count = 0;
    while (*words != '\0') {
        size_t length = strcspn(words, " ");
        if (count == argc || strlen(argv[count]) != length ||
            strncmp(argv[count], words, length) != 0)
            return 0;
        count++;
        words += length + (words[length] == ' ');
    }
    return count;
}

const struct command *command_find(size_t argc, char *const *argv, size_t *ret_words)
{
    const struct command *found = NULL;
    *ret_words = 0;
    for (size_t i = 0; i < command_count; i++) {
        size_t count = words_match(commands[i].words, argc, argv);
        if (count <= *ret_words)
            continue;
        found = &commands[i];
        *ret_words = count;
    }
    return found;
}

static const struct command_option *option_find(const struct command *command, const char *argument,
                                                size_t length)
{
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name != NULL; i++)
        if (strlen(command->options[i].name) == length &&
            strncmp(command->options[i].name, argument, length) == 0)
            return &command->options[i];
    return NULL;
}

static enum status option_unknown(const struct cli *cli, const char *argument, size_t length)
{
    const struct command_option *known = cli->command->options;
    struct guess guess = { .text = argument, .bytes = length };
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && known[i].name != NULL; i++)
        guess_try(&guess, known[i].name);
    config_guess_flag(&guess);
    return complain_usage(cli, "there is no option %.*s here" GUESS_FORMAT, (int)length, argument,
                          GUESS_ARGUMENTS(&guess));
}

/* One option at argv[*at], with its value from there or from the next argument. */
static enum status option_read(struct cli *cli, size_t argc, char *const *argv, size_t *at)
{
    const char *argument = argv[*at];
    size_t length = strcspn(argument, "=");
    const struct command_option *option = option_find(cli->command, argument, length);
    if (option == NULL)
        return option_unknown(cli, argument, length);
    if (!option->repeats && option_value(cli, option->name) != NULL)
        return complain_usage(cli, "%s is given twice", option->name);
    const char *value = argument + length + 1;
    if (option->value == NULL) {
        if (argument[length] != '\0')
            return complain_usage(cli, "%s takes no value", option->name);
        value = "";
    } else if (argument[length] == '\0') {
        if (*at + 1 >= argc)
            return complain_usage(cli, "%s needs a value: %s %s", option->name, option->name,
                                  option->value);
        *at += 1;
        value = argv[*at];
    }
    cli->given[cli->given_count++] = (struct given_option){ option, value };
    return STATUS_OK;
}

static enum status arguments_check(const struct cli *cli)
{
    const struct command *command = cli->command;
    if (command->any_operands)
        return STATUS_OK;
    size_t most = command->operands != NULL;
    size_t least = most > 0 && command->operands[0] != '[';
    if (cli->operand_count > most)
        return complain_usage(cli, "\"%s\" is one argument too many", cli->operands[most]);
    if (cli->operand_count < least)
        return complain_usage(cli, "%s is missing", command->operands);
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name != NULL; i++)
        if (command->options[i].required && option_value(cli, command->options[i].name) == NULL)
            return complain_usage(cli, "%s %s is missing", command->options[i].name,
                                  command->options[i].value);
    return STATUS_OK;
}

enum status arguments_read(struct cli *cli, size_t argc, char *const *argv)
{
    cli->operands = arena_alloc(cli->ctx->arena, (argc + 1) * sizeof(*cli->operands));
    cli->given = arena_alloc(cli->ctx->arena, (argc + 1) * sizeof(*cli->given));
    if (cli->operands == NULL || cli->given == NULL)
        return complain(STATUS_TEMPORARY, "not enough memory");
    bool only_operands = false;
    for (size_t at = 0; at < argc; at++) {
        if (!only_operands && strcmp(argv[at], "--") == 0) {
            only_operands = true;
            continue;
        }
        if (only_operands || argv[at][0] != '-' || argv[at][1] == '\0') { /* "-" is a file */
            cli->operands[cli->operand_count++] = argv[at];
            continue;
        }
        enum status status = option_read(cli, argc, argv, &at);
        if (status != STATUS_OK)
            return status;
    }
    return arguments_check(cli);
}

const char *option_value(const struct cli *cli, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < cli->given_count; i++)
        if (strcmp(cli->given[i].option->name, name) == 0)
            value = cli->given[i].value;
    return value;
}

bool option_given(const struct cli *cli, const char *name)
{
    return option_value(cli, name) != NULL;
}

struct texts option_values(const struct cli *cli, const char *name)
{
    struct texts values = { 0 };
    values.items = arena_alloc(cli->ctx->arena, (cli->given_count + 1) * sizeof(*values.items));
    for (size_t i = 0; i < cli->given_count && values.items != NULL; i++)
        if (strcmp(cli->given[i].option->name, name) == 0)
            values.items[values.count++] = cli->given[i].value;
    return values;
}
