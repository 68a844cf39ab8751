/* tamper.h: SQL on a data file behind everybody's back. */
#ifndef FUNNELD_TESTS_SUPPORT_TAMPER_H
#define FUNNELD_TESTS_SUPPORT_TAMPER_H

void tamper_with(const char *path, const char *text);

#endif
