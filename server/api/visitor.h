/* visitor.h: visits leads whose score or stage changes with time alone. Private to server/api. */
#ifndef FUNNELD_API_VISITOR_H
#define FUNNELD_API_VISITOR_H

#include <funneld/crm.h>
#include <funneld/writer.h>

struct visitor {
    struct command command;
    struct ctx ctx;
    struct arena arena;
    struct id_source ids;
};

/* Begins at once, and comes round each second until the writer stops. */
enum err visitor_start(struct ctx *ctx, struct writer *writer, struct visitor *visitor)
    _must_check_;
void visitor_free(struct visitor *visitor); /* once the writer has stopped */

#endif
