/* forwarded.c: reads X-Forwarded-For. It must not know whose it is, nor what follows from it. */
#include "forwarded.h"

#include <string.h>

/* "192.0.2.1", "192.0.2.1:5678", "2001:db8::1", "[2001:db8::1]:5678" */
static bool hop_parse(const char *text, size_t bytes, struct address *ret)
{
    if (bytes > 0 && text[0] == '[') {
        const char *end = memchr(text, ']', bytes);
        return end && address_parse(text + 1, (size_t)(end - text) - 1, ret);
    }
    const char *colon = memchr(text, ':', bytes);
    bool port = colon && !memchr(colon + 1, ':', bytes - (size_t)(colon - text) - 1);
    return address_parse(text, port ? (size_t)(colon - text) : bytes, ret);
}

void forwarded_add(struct forwarded *forwarded, const struct networks *trusted, const char *value)
{
    size_t bytes;
    for (const char *item; (item = list_item(&value, &bytes)) != NULL;) {
        struct address hop;
        bool known = hop_parse(item, bytes, &hop);
        if (known && (!forwarded->found || forwarded->lost || !networks_have(trusted, &hop)))
            forwarded->client = hop;
        forwarded->found |= known;
        forwarded->lost = !known;
    }
}
