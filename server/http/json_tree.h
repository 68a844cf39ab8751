/* json_tree.h: JSON text as a tree of the library, and back. Private to server/http. */
#ifndef FUNNELD_HTTP_JSON_TREE_H
#define FUNNELD_HTTP_JSON_TREE_H

#include <funneld/base.h>

#include <jansson.h>
#include <setjmp.h>

enum { REAL_TEXT_SIZE = 40 };

/* A parsed body. Everything the library made of it is in the arena, and goes with it as a whole. */
struct tree {
    struct arena arena;
    jmp_buf out; /* of the library, where there is no memory */
    json_t *root;
};

/* One JSON object, into a tree that was all zeroes; tree_done() in any case. ERR_MALFORMED: as
 * json_read() says. */
enum err tree_parse(struct ctx *ctx, const char *text, size_t bytes, struct tree *tree)
    _must_check_;
void tree_done(struct tree *tree);

/* Any value as compact text, members in the order in which they came. */
void tree_write(struct buffer *out, json_t *value);
/* The shortest decimal that reads back as the same number; the library's own printing shows 1.1
 * with 17 digits. */
void real_format(double value, char text[static REAL_TEXT_SIZE]);

#endif
