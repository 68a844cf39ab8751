/* agents.c: looks for programs in a user agent: at each of its bytes, among the few texts of the
 * table that begin with the same three. */
#include "agents.h"

#include <string.h>

enum { KEY_BYTES = 3, BEGINNING = '\1', END = '\2' };

/* As in scripts/crawlers. */
static unsigned bucket_of(const char *at)
{
    const unsigned char *key = (const unsigned char *)at;
    return (key[0] * 961u + key[1] * 31u + key[2]) % AGENT_BUCKETS;
}

enum engagement agent_engagement(const char *agent)
{
    char text[AGENT_BYTES_MAX + 2] = { BEGINNING };
    size_t bytes = strnlen(agent, AGENT_BYTES_MAX);
    memcpy(text + 1, agent, bytes);
    size_t end = bytes + 1;
    if (!agent[bytes])
        text[end++] = END;
    enum engagement worst = ENGAGEMENT_VERIFIED;
    for (size_t at = 0; at + KEY_BYTES <= end; at++) {
        unsigned bucket = bucket_of(text + at);
        for (size_t i = agent_starts[bucket]; i < agent_starts[bucket + 1]; i++) {
            const struct agent_text *known = &agent_texts[i];
            if (known->engagement > worst && known->bytes <= end - at &&
                memcmp(known->text, text + at, known->bytes) == 0)
                worst = known->engagement;
        }
    }
    return worst;
}
