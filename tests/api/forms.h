/* forms.h: what the tests of the public door share. */
#ifndef FUNNELD_TESTS_API_FORMS_H
#define FUNNELD_TESTS_API_FORMS_H

#include "fixture.h"

/* A form of key "contact-form", which may redirect to two hosts. */
void form_setup(void);
/* A post without any key, as a script sends it (JSON answer) or a page (redirect or thanks). */
const struct answer *post_script(const char *body);
const struct answer *post_page(const char *body);
/* What the journal holds, newest first: GET /v1/submissions. */
const struct answer *journal(void);
/* How many leads there are. */
size_t count_of_leads(void);

TCase *journal_tcase(void);

#endif
