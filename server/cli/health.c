/* health.c: `healthcheck`, for a container engine or a script: does the daemon answer where its
 * clients ask, and can it write? */
#include "command.h"

#include <curl/curl.h>

enum { HEALTH_TIMEOUT_MS = 4000 };

static size_t body_drop(char *data, size_t size, size_t count, void *nothing)
{
    (void)data, (void)nothing;
    return size * count;
}

/* The address it listens on may be every address: to the kernel that is also this machine's. */
static CURLcode readiness_ask(const char *url, long *ret_status)
{
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return CURLE_OUT_OF_MEMORY;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* whatever the environment says */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)HEALTH_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_drop);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    curl_easy_cleanup(curl);
    return code;
}

enum status healthcheck_command(const struct cli *cli)
{
    const char *url = arena_printf(cli->ctx->arena, "http://%s/readyz", cli->config->listen);
    if (url == NULL || curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK)
        return complain(STATUS_FAILED, "not enough memory");
    long status = 0;
    CURLcode code = readiness_ask(url, &status);
    if (code != CURLE_OK)
        return complain(STATUS_FAILED, "%s does not answer: %s", url, curl_easy_strerror(code));
    if (status != 200)
        return complain(STATUS_FAILED, "not ready: %s answers %ld", url, status);
    puts("ready");
    return output_end(STATUS_OK);
}
