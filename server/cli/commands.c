/* commands.c: every command in one table, and the way from a command line to its row. Help is
 * made from the same rows. */
#include "command.h"

#include <funneld/cli.h>
#include <funneld/crm.h>

#include <string.h>

#define IMPORT_OPTIONS                                                                             \
    { "--map", "COLUMN=FIELD", "Put this column of the file into this field.", .repeats = true },  \
        { "--skip", "COLUMN", "Leave this column out, whatever its name.", .repeats = true },      \
        { "--set", "FIELD=VALUE", "Put this value into the field where a row brings none.",        \
          .repeats = true },                                                                       \
        { "--map-value", "COLUMN:VALUE=VALUE,...",                                                 \
          "Read these values of the column as those; all others stay.", .repeats = true },         \
    {                                                                                              \
        "--errors", "FILE", "Where failed rows are kept. [FILE.errors.csv]"                        \
    }

#define IMPORT_DETAILS                                                                             \
    "FILE is CSV in UTF-8 with a header line, separated by comma, semicolon or tab; - is "         \
    "standard\n"                                                                                   \
    "input. Without any --map, columns that have the name of a field are taken; status and\n"      \
    "closed_at only with --map. Empty cells are left out. Times are RFC 3339, or\n"                \
    "YYYY-MM-DD[ HH:MM[:SS]] in the time zone of the reports;\n"                                   \
    "amounts are whole minor units, 12050 for 120.50.\n"                                           \
    "\n"                                                                                           \
    "Importing again what is already in changes nothing: rows with the same source_system and\n"   \
    "external_id, or the same email, are the same lead. Rows that fail are kept in a file with\n"  \
    "the line they came from and all reasons; mend them there and import that file. When none\n"   \
    "fails, a file of that kind from an earlier run is removed. The exit status is 0 when every\n" \
    "row went well, and 1 when some failed.\n"

#define EXPORT_OPTIONS                                                                             \
    { "--where", "FIELD=VALUE",                                                                    \
      "Only rows with this value; FIELD= is none, FIELD[gte]= at least.", .repeats = true },       \
        { "--format", "csv|ndjson", "A line of cells, or a JSON object a line. [csv]" },           \
        { "--output", "FILE",                                                                      \
          "Into this file, which only its owner can read. [standard output]" },                    \
    {                                                                                              \
        "--raw", NULL, "CSV without guards against spreadsheets."                                  \
    }

#define EXPORT_DETAILS                                                                             \
    "CSV has a header line and one line for each row; times are RFC 3339 in UTC. A text that a\n"  \
    "spreadsheet could run (it begins with = + - @ or a tab) has an apostrophe before it; an\n"    \
    "import takes that off again. With --raw there are none: only for programs that run "          \
    "nothing.\n"

const struct command commands[] = {
    {
        .words = "serve",
        .help = "Run the daemon in the foreground. The default command.",
        .details = "The first start creates the data file and writes an admin key into admin.key "
                   "(only its\n"
                   "owner can read it) beside it. SIGTERM and SIGINT stop the daemon within 5 "
                   "seconds; what\n"
                   "it has accepted by then is kept. SIGHUP reads the options of the log again. It "
                   "ends\n"
                   "with 75 when storage failed: start it again.\n"
                   "\n"
                   "  funneld serve --database=funneld.db --listen=127.0.0.1:8080\n",
        .run = serve_command,
    },
    {
        .words = "key create",
        .help = "Make an API key and print it.",
        .details =
            "A program shows the key with each request: Authorization: Bearer fnl_... It is "
            "printed\n"
            "this once and kept only as a hash. Scopes: read sees everything; write also changes\n"
            "it; ingest only sends activities and leads; admin may do all, keys included.\n"
            "\n"
            "  funneld key create --name dashboard --scopes read\n",
        .options = { { "--name", "NAME", "What the key is for, in lists and histories.",
                       .required = true },
                     { "--scopes", "SCOPE,...", "Some of read, write, ingest, admin.",
                       .required = true } },
        .run = key_create_command,
    },
    {
        .words = "key list",
        .help = "List the API keys; the keys themselves are not kept.",
        .run = key_list_command,
    },
    {
        .words = "key revoke",
        .operands = "ID",
        .help = "Revoke the API key of that id, at once and for good.",
        .details = "`funneld key list` shows the ids.\n",
        .run = key_revoke_command,
    },
    {
        .words = "import leads",
        .operands = "FILE",
        .help = "Import leads from a CSV file.",
        .details = IMPORT_DETAILS
        "\n"
        "  funneld import leads leads.csv --map mql_id=external_id --set source_system=olist \\\n"
        "      --map first_contact_date=created_at --map origin=source --set stage=mql\n",
        .fields = &lead_import_table,
        .options = { IMPORT_OPTIONS },
        .run = import_leads_command,
    },
    {
        .words = "import stage-events",
        .operands = "FILE",
        .help = "Import from a CSV file when leads entered stages, or were won or lost.",
        .details = IMPORT_DETAILS
        "\n"
        "  funneld import stage-events deals.csv --map mql_id=external_id \\\n"
        "      --set source_system=olist --map won_date=occurred_at --set to=won\n",
        .fields = &stage_event_import_table,
        .options = { IMPORT_OPTIONS },
        .run = import_stage_events_command,
    },
    {
        .words = "export leads",
        .help = "Write all leads, or some, as CSV or JSON.",
        .details = EXPORT_DETAILS
        "`import leads` understands what this writes, in the same installation as it is; into\n"
        "another one with --skip campaign --skip owner, which have other ids there, and with\n"
        "--skip stage where the stage events come after. --where takes fields.KEY of a custom\n"
        "field too.\n"
        "\n"
        "  funneld export leads --where stage=mql --where 'score[gte]=60' --output best.csv\n",
        .fields = &lead_table,
        .options = { EXPORT_OPTIONS },
        .run = export_leads_command,
    },
    {
        .words = "export activities",
        .help = "Write all activities, or some, as CSV or JSON.",
        .details = EXPORT_DETAILS
        "\n"
        "  funneld export activities --where 'occurred_at[gte]=2026-01-01' --format ndjson\n",
        .fields = &activity_table,
        .options = { EXPORT_OPTIONS },
        .run = export_activities_command,
    },
    {
        .words = "export stage-events",
        .help = "Write when leads entered stages, or were won or lost, as CSV or JSON.",
        .details = EXPORT_DETAILS
        "Those that were undone have a time in voided_at; --where voided_at= leaves them out.\n"
        "`import stage-events` understands what this writes: where they came from it changes\n"
        "nothing, and elsewhere it tells the same histories of leads that have an email or an\n"
        "external_id. Cause, actor, owner and score are then those of the import.\n"
        "\n"
        "  funneld export stage-events --where voided_at= --where to_status=won\n",
        .fields = &stage_event_told_table,
        .options = { EXPORT_OPTIONS },
        .run = export_stage_events_command,
    },
    {
        .words = "demo",
        .help = "Fill an empty installation with a made-up company's leads and sales.",
        .details =
            "Half a year of a company that sells to other companies: leads from eight sources and\n"
            "six campaigns, what they did, who bought and who did not, and why. Nobody in it is\n"
            "real. The same day and number always give the same figures. It is told through the\n"
            "same routes as everything; a data file that has leads already is left alone.\n"
            "\n"
            "  funneld demo --database=demo.db && funneld serve --database=demo.db\n",
        .options = { { "--leads", "N", "How many leads. [2000]" },
                     { "--until", "DATE", "The last day of the story. [yesterday]" } },
        .run = demo_command,
    },
    {
        .words = "backup",
        .operands = "FILE",
        .help = "Copy the data into a file, beside a running daemon or without one.",
        .details =
            "The copy holds all that was acknowledged before it began, and nothing that was\n"
            "erased. It is looked through before it gets its name; its SHA-256 goes into\n"
            "FILE.sha256, which `sha256sum -c` reads. Only its owner can read it: there are "
            "people\n"
            "in it. Run it as the user of the daemon, or as root. Erase old backups in time: a\n"
            "person erased later is still in them.\n"
            "\n"
            "  funneld backup /srv/backups/funneld-$(date +%F).db\n",
        .options = { { "--force", NULL, "Replace FILE where there is one." } },
        .run = backup_command,
    },
    {
        .words = "restore",
        .operands = "BACKUP",
        .help = "Make the data file what a backup holds. No daemon may have it meanwhile.",
        .details =
            "The backup is looked through first; where BACKUP.sha256 stands beside it, it must be\n"
            "what that says. A power cut at any moment leaves the old data or the new, never a "
            "mix.\n"
            "A backup of an older version will do: the next start brings it up to date. Then "
            "count\n"
            "with `funneld check`, and erase again whom you have erased since.\n"
            "\n"
            "  funneld restore /srv/backups/funneld-2026-11-22.db --database=funneld.db\n",
        .options = { { "--force", NULL, "Put the data file that is there aside, and keep it." } },
        .run = restore_command,
    },
    {
        .words = "check",
        .operands = "[FILE]",
        .help = "Look for damage, count everything again from the log, and compare.",
        .details =
            "Of the data file, also while a daemon has it, or of a backup FILE; where FILE.sha256\n"
            "stands beside it, FILE must be what that says. Changes nothing. The exit status is 1\n"
            "when there is damage or a difference.\n",
        .run = check_command,
    },
    {
        .words = "migrate",
        .help = "Bring the data file up to this version, without starting the daemon.",
        .details =
            "`serve` does the same at each start; this is for those who want it done before.\n"
            "`funneld backup` first: there is no way back to an older version.\n",
        .run = migrate_command,
    },
    {
        .words = "healthcheck",
        .help = "Ask the daemon whether it is ready: exit status 0, or 1.",
        .details = "It asks /readyz on the address that --listen or the configuration names, as "
                   "clients do,\n"
                   "and waits 4 seconds at most. For container engines and scripts.\n",
        .run = healthcheck_command,
    },
    {
        .words = "config show",
        .help = "Print the options in force, as a configuration file.",
        .run = config_show_command,
    },
    {
        .words = "config example",
        .help = "Print a configuration file with every option and its default.",
        .details = "  funneld config example > /etc/funneld/funneld.conf\n",
        .no_config = true,
        .run = config_example_command,
    },
    {
        .words = "help",
        .operands = "COMMAND",
        .help = "Say more about a command.",
        .no_config = true,
        .any_operands = true,
        .run = help_command,
    },
    {
        .words = "--help",
        .help = "This overview.",
        .no_config = true,
        .any_operands = true,
        .run = help_command,
    },
    {
        .words = "--version",
        .help = "Print the version.",
        .no_config = true,
        .run = version_command,
    },
};

const size_t command_count = ARRAY_SIZE(commands);

static bool is_help_flag(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

static bool wants_help(size_t argc, char *const *argv)
{
    for (size_t i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (is_help_flag(argv[i]))
            return true;
    return false;
}

/* argv[0] names no command: perhaps it is the first of two words. */
static enum status command_unknown(const char *word)
{
    size_t length = strlen(word);
    bool begins = false;
    for (size_t i = 0; i < command_count; i++) {
        const char *words = commands[i].words;
        if (strncmp(words, word, length) != 0 || words[length] != ' ')
            continue;
        fprintf(stderr, "%s funneld %s\n",
                begins ? "                  or" : "funneld: you may mean", words);
        begins = true;
    }
    if (begins)
        return STATUS_USAGE;
    if (word[0] == '-') {
        struct guess guess = { .text = word, .bytes = strcspn(word, "=") };
        config_guess_flag(&guess);
        return complain(STATUS_USAGE, "there is no option %s" GUESS_FORMAT "; see: funneld --help",
                        word, GUESS_ARGUMENTS(&guess));
    }
    struct guess guess = { .text = word, .bytes = length };
    for (size_t i = 0; i < command_count; i++) {
        char first[sizeof(guess.name)];
        snprintf(first, sizeof(first), "%.*s", (int)strcspn(commands[i].words, " "),
                 commands[i].words);
        guess_try(&guess, first);
    }
    return complain(STATUS_USAGE, "there is no command \"%s\"" GUESS_FORMAT "; see: funneld --help",
                    word, GUESS_ARGUMENTS(&guess));
}

/* "funneld --help", "funneld key --help", "funneld key list --help": help of the words before. */
static bool help_was_asked(size_t count, char *const *words)
{
    size_t before = 0;
    while (before < count && words[before][0] != '-')
        before++;
    if (!wants_help(count, words))
        return false;
    size_t used;
    const struct command *command = command_find(before, words, &used);
    if (before == 0)
        help_overview(stdout);
    else if (command != NULL)
        help_of_command(stdout, command);
    else
        return help_of_words(stdout, before, (const char *const *)words);
    return true;
}

int cli_run(struct ctx *ctx, const struct config *config, enum err config_err, int argc,
            char **argv)
{
    char *const serve_by_default[] = { (char[]){ "serve" }, NULL };
    size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    char *const *words = argv + 1;
    if (count == 0) {
        count = 1;
        words = serve_by_default;
    }
    if (help_was_asked(count, words))
        return output_end(STATUS_OK);
    size_t used;
    struct cli cli = { .ctx = ctx, .config = config };
    cli.command = command_find(count, words, &used);
    if (cli.command == NULL)
        return command_unknown(words[0]);
    if (config_err != OK && !cli.command->no_config)
        return complain_failure(ctx);
    enum status status = arguments_read(&cli, count - used, words + used);
    return status == STATUS_OK ? cli.command->run(&cli) : status;
}
