/* help.c: `--help`, `help COMMAND` and `--version`, made from the table of commands and that of
 * options. */
#include "command.h"

#include <string.h>

enum { HELP_COLUMNS = 90 };

static void options_print(FILE *file, struct arena *arena)
{
    struct buffer buffer = { .arena = arena };
    config_help(&buffer);
    if (!buffer.failed)
        fwrite(buffer.data, 1, buffer.length, file);
}

/* "--name VALUE", or "--name" where it takes none. */
static void option_form(const struct command_option *option, char text[static 64])
{
    snprintf(text, 64, "%s%s%s", option->name, option->value == NULL ? "" : " ",
             option->value == NULL ? "" : option->value);
}

/* One option of the usage line, on a new line where it would not fit. Returns where that ends. */
static int usage_option_print(FILE *file, const struct command_option *option, int column)
{
    char form[64], text[80];
    option_form(option, form);
    int length = snprintf(text, sizeof(text), option->required ? "%s%s" : "[%s]%s", form,
                          option->repeats ? "..." : "");
    bool fits = column + 1 + length <= HELP_COLUMNS;
    fprintf(file, "%s%s", fits ? " " : "\n      ", text);
    return (fits ? column + 1 : 6) + length;
}

static void usage_print(FILE *file, const struct command *command)
{
    const char *operands = command->operands == NULL ? "" : command->operands;
    int column =
        fprintf(file, "  funneld %s%s%s", command->words, *operands == '\0' ? "" : " ", operands);
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name != NULL; i++)
        column = usage_option_print(file, &command->options[i], column);
    fputc('\n', file);
}

static void fields_print(FILE *file, const struct table *table)
{
    fputs("\nFields:\n", file);
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        if (field->flags & FIELD_HIDDEN)
            continue;
        bool custom = field->kind == FIELD_VALUES;
        const char *note = custom ? "of the custom field with that key" : field->note;
        fprintf(file, "  %-16s %s%s\n", custom ? "fields.KEY" : field->name,
                note == NULL ? "" : note, field->flags & FIELD_REQUIRED ? " (required)" : "");
    }
}

void help_of_command(FILE *file, const struct command *command)
{
    fprintf(file, "%s\n\n", command->help);
    usage_print(file, command);
    if (command->details != NULL)
        fprintf(file, "\n%s", command->details);
    if (command->options[0].name != NULL)
        fputs("\nOptions:\n", file);
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name != NULL; i++) {
        const struct command_option *option = &command->options[i];
        char form[64];
        option_form(option, form);
        fprintf(file, strlen(form) > 22 ? "  %s\n                         %s\n" : "  %-22s %s\n",
                form, option->help);
    }
    if (command->fields != NULL)
        fields_print(file, command->fields);
    if (!command->no_config)
        fputs("\nIt works on the data file that --database or the configuration names, beside the\n"
              "daemon where one runs. `funneld --help` lists the options of the daemon.\n",
              file);
}

void help_overview(FILE *file)
{
    fputs("funneld: a CRM pipeline service. One daemon, one file of data.\n"
          "\nCommands:\n",
          file);
    for (size_t i = 0; i < command_count; i++)
        fprintf(file, "  %-20s %s\n", commands[i].words, commands[i].help);
    fputs(
        "\nStart here:\n"
        "  funneld serve --database=funneld.db        makes the file and admin.key beside it\n"
        "  curl -H \"Authorization: Bearer $(cat admin.key)\" http://127.0.0.1:8080/v1/leads\n"
        "  funneld key create --name site --scopes ingest --database=funneld.db\n"
        "  funneld help import leads\n"
        "\nOptions of the daemon, for every command. They come from the configuration file, then\n"
        "from the environment (FUNNELD_LISTEN=...), then from flags; the last one counts:\n",
        file);
    struct arena arena = { 0 };
    options_print(file, &arena);
    arena_free(&arena);
    fputs("\nExit status: 0 done, 1 failed, 2 wrong command line, 75 failed for now (try again),\n"
          "78 wrong configuration.\n",
          file);
}

bool help_of_words(FILE *file, size_t count, const char *const *asked)
{
    size_t found = 0;
    for (size_t i = 0; i < command_count; i++) {
        const char *words = commands[i].words;
        size_t matched = 0;
        for (; matched < count; matched++) {
            size_t length = strcspn(words, " ");
            if (strlen(asked[matched]) != length || strncmp(words, asked[matched], length) != 0)
                break;
            words += length + (words[length] == ' ');
        }
        if (matched < count)
            continue;
        if (found++ > 0)
            fputs("\n----\n\n", file);
        help_of_command(file, &commands[i]);
    }
    return found > 0;
}

enum status help_command(const struct cli *cli)
{
    if (cli->operand_count == 0)
        help_overview(stdout);
    else if (!help_of_words(stdout, cli->operand_count, cli->operands))
        return complain(STATUS_USAGE, "there is no such command; see: funneld --help");
    return output_end(STATUS_OK);
}

enum status version_command(const struct cli *cli)
{
    (void)cli;
    puts("funneld " FUNNELD_VERSION);
    return output_end(STATUS_OK);
}
