/* backup.c: `backup` and `restore`. This process reads the data file itself, beside a daemon or
 * without one: so a copy goes wherever the one who asks may write, not where a confined daemon may,
 * and a data file of an older version is copied as it is. */
#include "command.h"
#include "control.h"
#include "progress.h"

#include <funneld/store.h>

static double mib(int64_t bytes)
{
    return (double)bytes / (1 << 20);
}

enum status backup_command(const struct cli *cli)
{
    struct ctx *ctx = cli->ctx;
    const char *target = cli->operands[0];
    struct progress progress;
    struct watch watch = progress_watch(&progress);
    struct backup backup = { 0 };
    enum err err = data_expect(ctx, cli->config->database);
    if (err == OK)
        err = store_backup(ctx, cli->config->database, target, option_given(cli, "--force"), &watch,
                           &backup);
    progress_clear(&progress);
    if (err != OK)
        return complain_failure(ctx);
    printf("%s: %.1f MiB in %.1f s\nSHA-256 %s, also in %s.sha256\n", target, mib(backup.bytes),
           progress_seconds(&progress), backup.hash, target);
    return output_end(STATUS_OK);
}

enum status restore_command(const struct cli *cli)
{
    struct ctx *ctx = cli->ctx;
    const char *database = cli->config->database, *aside = NULL;
    struct progress progress;
    struct watch watch = progress_watch(&progress);
    if (owner_check(ctx, database, /* create= */ true) != OK)
        return complain_failure(ctx);
    enum err err = store_restore(ctx, cli->operands[0], database, option_given(cli, "--force"),
                                 &watch, &aside);
    progress_clear(&progress);
    if (err != OK)
        return complain_failure(ctx);
    printf("%s is what %s holds, in %.1f s\n", database, cli->operands[0],
           progress_seconds(&progress));
    if (aside != NULL)
        printf("what it was before is kept in %s: remove it when it is no longer wanted\n", aside);
    printf("keys and users are those of the backup too; start the daemon with: "
           "funneld serve --database=%s\n",
           database);
    return output_end(STATUS_OK);
}
