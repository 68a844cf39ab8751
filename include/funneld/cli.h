/* cli.h: the commands of the one binary, from `serve` to `import`. */
#ifndef FUNNELD_CLI_H
#define FUNNELD_CLI_H

#include <funneld/base.h>
#include <funneld/config.h>

/* Runs the command that argv names, `serve` when it names none, and returns the exit status of
 * the process. argv is what config_load() left of the command line, config_err what it returned:
 * commands that need no configuration (help, --version) run even where it is broken. */
int cli_run(struct ctx *ctx, const struct config *config, enum err config_err, int argc,
            char **argv);

#endif
