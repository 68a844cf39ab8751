/* types.h: the things funneld keeps, as plain structs and enums. No functions. */
#ifndef FUNNELD_TYPES_H
#define FUNNELD_TYPES_H

#include <funneld/base.h>
#include <funneld/field.h>

#endif
