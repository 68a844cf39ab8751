/* output.c: how commands speak: complaints to standard error, results to standard output, and
 * the exit status that goes with an error. */
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum status complain(enum status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("funneld: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return status;
}

enum status complain_usage(const struct cli *cli, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "funneld %s: ", cli->command->words);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nSee: funneld help %s\n", cli->command->words);
    va_end(args);
    return STATUS_USAGE;
}

enum status status_of(enum err err)
{
    switch (err) {
    case OK: return STATUS_OK;
    case ERR_CONFIG: return STATUS_CONFIG;
    case ERR_BUSY:
    case ERR_MEMORY:
    case ERR_STORAGE:
    case ERR_TOO_MANY: return STATUS_TEMPORARY;
    default: return STATUS_FAILED;
    }
}

enum status complain_failure(const struct ctx *ctx)
{
    const struct failure *failure = &ctx->failure;
    const char *detail = failure->detail;
    return complain(status_of(failure->err), "%s",
                    detail == NULL ? err_info(failure->err)->title : detail);
}

enum status output_end(enum status status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    complain(STATUS_FAILED, "standard output cannot be written: %s", strerror(errno));
    return status == STATUS_OK ? STATUS_FAILED : status;
}

void output_text(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        fputc(byte < 0x20 || byte == 0x7f ? '?' : byte, file);
    }
}
