/* check.c: `check` and `migrate`: what an operator does to be sure of the data file. */
#include "answer.h"

#include <funneld/store.h>

#include <unistd.h>

struct check_answer {
    int64_t leads, cells, wrong_leads, wrong_cells;
    struct texts findings;
};

static const struct field check_answer_fields[] = {
    FIELD(struct check_answer, leads, INT),       FIELD(struct check_answer, cells, INT),
    FIELD(struct check_answer, wrong_leads, INT), FIELD(struct check_answer, wrong_cells, INT),
    FIELD(struct check_answer, findings, TEXTS),
};
static const struct table check_answer_table =
    TABLE(struct check_answer, "check_answer", check_answer_fields);

static enum status check_print(const struct cli *cli, const struct answer *answer)
{
    struct check_answer check;
    if (answer->status != 200)
        return answer_complain(cli->ctx, answer);
    if (answer_read(cli->ctx, answer, &check_answer_table, &check) != OK)
        return complain_failure(cli->ctx);
    if (check.leads == NO_INT || check.wrong_leads == NO_INT || check.wrong_cells == NO_INT)
        return complain(STATUS_FAILED, "the answer of the service says nothing of what it counted");
    for (size_t i = 0; i < check.findings.count; i++) {
        output_text(stdout, check.findings.items[i]);
        putchar('\n');
    }
    if (check.wrong_leads == 0 && check.wrong_cells == 0 && check.findings.count == 0) {
        printf("no difference: %lld leads, %lld cells\n", (long long)check.leads,
               (long long)check.cells);
        return output_end(STATUS_OK);
    }
    printf("different: %lld of %lld leads, %lld of %lld cells\n", (long long)check.wrong_leads,
           (long long)check.leads, (long long)check.wrong_cells, (long long)check.cells);
    return output_end(STATUS_FAILED);
}

enum status check_command(const struct cli *cli)
{
    _cleanup_(control_done) struct control *control = NULL;
    struct answer answer;
    if (control_open(cli->ctx, cli->config, /* create= */ false, &control) != OK)
        return complain_failure(cli->ctx);
    bool terminal = isatty(STDERR_FILENO);
    if (terminal)
        fputs("checking ...", stderr);
    enum err err = control_request(control, "GET", "/v1/check", NULL, &answer);
    if (terminal)
        fputs("\r            \r", stderr);
    return err == OK ? check_print(cli, &answer) : complain_failure(cli->ctx);
}

enum status migrate_command(const struct cli *cli)
{
    struct store *store = NULL;
    log_setup(LOG_INFO,
              (enum log_format)cli->config->log_format); /* a line for each migration it runs */
    enum err err = store_open(cli->ctx, cli->config->database, &store);
    if (err == ERR_CONFLICT)
        return complain(STATUS_FAILED,
                        "another process has %s; stop it first (the daemon migrates at its start)",
                        cli->config->database);
    if (err != OK)
        return complain_failure(cli->ctx);
    store_close(store);
    printf("%s is up to date for funneld " FUNNELD_VERSION "\n", cli->config->database);
    return output_end(STATUS_OK);
}
