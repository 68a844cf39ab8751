/* docs.h: the script of /docs, embedded by the build. Private to server/api. */
#ifndef FUNNELD_API_DOCS_H
#define FUNNELD_API_DOCS_H

#include <funneld/field.h>

struct docs_script {
    const char *name; /* with its version: what is under a name never changes */
    const char *etag;
    struct bytes gzip; /* length 0: the build had none */
};
extern const struct docs_script docs_script;

#endif
