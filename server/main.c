/* main.c: the process: argv becomes the configuration, then the command that argv names runs. */
#include <funneld/base.h>
#include <funneld/cli.h>
#include <funneld/config.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the caller closed one of the three, the data file could get its number, and log lines
 * end up in it. */
static void standard_files_open(void)
{
    int file;
    do
        file = open("/dev/null", O_RDWR);
    while (file >= 0 && file <= STDERR_FILENO);
    if (file >= 0)
        close(file);
}

int main(int argc, char **argv)
{
    standard_files_open();
    umask(S_IRWXG | S_IRWXO); /* what we make holds personal data or keys */

    struct arena arena = { 0 };
    struct id_source ids = { 0 };
    struct ctx ctx = { .arena = &arena, .ids = &ids, .now_ms = clock_now_ms() };
    struct config config = { 0 };
    enum err err = config_load(&ctx, &config, &argc, argv);
    if (err == OK && !clock_set_zone(config.time_zone))
        err =
            fail(&ctx, ERR_CONFIG, "time_zone", "this system has no zone \"%s\"", config.time_zone);
    int status = cli_run(&ctx, &config, err, argc, argv);
    arena_free(&arena);
    return status;
}
