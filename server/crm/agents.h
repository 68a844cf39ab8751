/* agents.h: which user agents are programs. Private to crm. The table is made at build time from
 * crawlers.txt and mail_agents.txt: see scripts/crawlers. */
#ifndef FUNNELD_CRM_AGENTS_H
#define FUNNELD_CRM_AGENTS_H

#include <funneld/types.h>

enum { AGENT_BYTES_MAX = 512, AGENT_BUCKETS = 1024 };

/* What an agent contains; bytes 1 and 2 stand for its beginning and its end. */
struct agent_text {
    const char *text;
    size_t bytes;
    enum engagement engagement;
};
/* By the hash of their first three bytes: those of bucket i are from agent_starts[i] on. */
extern const struct agent_text agent_texts[];
extern const uint16_t agent_starts[AGENT_BUCKETS + 1];

/* What is said by the agent alone; of more than AGENT_BYTES_MAX the beginning counts. */
enum engagement agent_engagement(const char *agent);

#endif
