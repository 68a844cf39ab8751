/* configuration.c: `config show` and `config example`. The options themselves are those of
 * config.h. */
#include "command.h"

static enum status buffer_print(const struct buffer *buffer)
{
    if (buffer->failed)
        return complain(STATUS_TEMPORARY, "not enough memory");
    fwrite(buffer->data, 1, buffer->length, stdout);
    return output_end(STATUS_OK);
}

enum status config_example_command(const struct cli *cli)
{
    struct buffer buffer = { .arena = cli->ctx->arena };
    config_example(&buffer);
    return buffer_print(&buffer);
}

enum status config_show_command(const struct cli *cli)
{
    struct buffer buffer = { .arena = cli->ctx->arena };
    config_show(&buffer, cli->config);
    return buffer_print(&buffer);
}
