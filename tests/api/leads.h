/* leads.h: the parts of the program that tests leads. */
#ifndef FUNNELD_TESTS_API_LEADS_H
#define FUNNELD_TESTS_API_LEADS_H

#include "fixture.h"

#define UNKNOWN "019aab3f-7c1e-7abc-8def-0123456789ab"

TCase *identity_tcase(void);
TCase *lists_tcase(void);
TCase *search_tcase(void);
TCase *costly_tcase(void);

const struct answer *create(const char *json);
const struct answer *merge(const char *json); /* with on_duplicate=merge */
const struct answer *change(const char *lead, const char *json);
/* That the identities of `json` are those of the lead. */
void expect_known(const char *json, const char *lead);

#endif
