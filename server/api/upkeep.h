/* upkeep.h: what the data needs now and then without being asked. Private to server/api. */
#ifndef FUNNELD_API_UPKEEP_H
#define FUNNELD_API_UPKEEP_H

#include <funneld/crm.h>
#include <funneld/writer.h>

struct upkeep {
    struct command command;
    struct ctx ctx;
    struct arena arena;
    struct id_source ids;
    int64_t journal_days; /* 0: entries of nobody are kept */
    struct lead_erasing erasing;
    bool erased; /* something, since it last rested */
};

/* Begins at once, and comes round until the writer stops. */
enum err upkeep_start(struct ctx *ctx, const struct config *config, struct writer *writer,
                      struct upkeep *upkeep) _must_check_;
void upkeep_free(struct upkeep *upkeep); /* once the writer has stopped */

#endif
