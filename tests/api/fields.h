/* fields.h: the parts of the tests of custom fields. */
#ifndef FUNNELD_TESTS_API_FIELDS_H
#define FUNNELD_TESTS_API_FIELDS_H

#include "fixture.h"

TCase *fields_import_tcase(void);
TCase *attributes_tcase(void);

#endif
