/* command.h: what a command is, what it is given, and how it ends. Private to server/cli. */
#ifndef FUNNELD_CLI_COMMAND_H
#define FUNNELD_CLI_COMMAND_H

#include <funneld/base.h>
#include <funneld/config.h>
#include <funneld/field.h>

#include <stdio.h>

enum status {
    STATUS_OK = 0,
    STATUS_FAILED = 1,     /* it was tried and did not work, or not all of it */
    STATUS_USAGE = 2,      /* the command line is wrong: nothing was tried */
    STATUS_TEMPORARY = 75, /* EX_TEMPFAIL: the same again may work later */
    STATUS_CONFIG = 78,    /* EX_CONFIG: an option of the daemon is wrong */
};

struct command_option {
    const char *name;  /* "--name" */
    const char *value; /* placeholder of its value, for help; NULL: it takes none */
    const char *help;
    bool required;
    bool repeats;
};

enum { COMMAND_OPTIONS_MAX = 8 };

struct cli;

struct command {
    const char *words; /* "key create" */
    /* "FILE": exactly one; "[FILE]": one or none; NULL: none */
    const char *operands;
    const char *help;           /* one line */
    const char *details;        /* paragraphs with an example; NULL when the line says it all */
    const struct table *fields; /* what its rows may hold, for help; NULL for most */
    struct command_option options[COMMAND_OPTIONS_MAX];
    bool no_config;    /* runs without a valid configuration */
    bool any_operands; /* `help` takes the words of a command */
    enum status (*run)(const struct cli *cli);
};

extern const struct command commands[];
extern const size_t command_count;

struct given_option {
    const struct command_option *option;
    const char *value;
};

/* One command at work. */
struct cli {
    struct ctx *ctx;
    const struct config *config;
    const struct command *command;
    const char **operands;
    size_t operand_count;
    struct given_option *given;
    size_t given_count;
};

/* The command whose words begin argv, and how many words that took; NULL when there is none. */
const struct command *command_find(size_t argc, char *const *argv, size_t *ret_words);
/* Reads what follows the words; on STATUS_USAGE it has said why. */
enum status arguments_read(struct cli *cli, size_t argc, char *const *argv) _must_check_;
/* The value of an option that was given, the last one of several; else NULL. */
const char *option_value(const struct cli *cli, const char *name);
bool option_given(const struct cli *cli, const char *name);
/* All values of an option that repeats. */
struct texts option_values(const struct cli *cli, const char *name);

/* "funneld: ..." to standard error; returns the status, so that a command can `return
 * complain(...)`. */
enum status complain(enum status status, const char *format, ...) _printf_(2, 3);
/* The same for a wrong command line, with where to read what is right. */
enum status complain_usage(const struct cli *cli, const char *format, ...) _printf_(2, 3);
/* The same for what ctx->failure says. */
enum status complain_failure(const struct ctx *ctx);
/* What the exit status for an error is. */
enum status status_of(enum err err);
/* Flushes standard output: what a script did not get must not look like a success. */
enum status output_end(enum status status);
/* Text of others for a terminal: control bytes become '?'. */
void output_text(FILE *file, const char *text);

/* ---- The commands ---- */

enum status backup_command(const struct cli *cli);
enum status check_command(const struct cli *cli);
enum status config_example_command(const struct cli *cli);
enum status config_show_command(const struct cli *cli);
enum status healthcheck_command(const struct cli *cli);
enum status demo_command(const struct cli *cli);
enum status export_activities_command(const struct cli *cli);
enum status export_leads_command(const struct cli *cli);
enum status export_stage_events_command(const struct cli *cli);
enum status help_command(const struct cli *cli);
enum status import_leads_command(const struct cli *cli);
enum status import_stage_events_command(const struct cli *cli);
enum status key_create_command(const struct cli *cli);
enum status key_list_command(const struct cli *cli);
enum status key_revoke_command(const struct cli *cli);
enum status migrate_command(const struct cli *cli);
enum status restore_command(const struct cli *cli);
enum status serve_command(const struct cli *cli);
enum status version_command(const struct cli *cli);

void help_overview(FILE *file);
void help_of_command(FILE *file, const struct command *command);
/* Of every command that begins with these words; false when there is none. */
bool help_of_words(FILE *file, size_t count, const char *const *asked);

#endif
