/* tamper.c: a connection of its own, beside those of the daemon. */
#include "tamper.h"

#include <check.h>
#include <sqlite3.h>

void tamper_with(const char *path, const char *text)
{
    sqlite3 *handle = NULL;
    char *message = NULL;
    ck_assert_int_eq(sqlite3_open(path, &handle), 0);
    sqlite3_busy_timeout(handle, 10000);
    int code = sqlite3_exec(handle, text, NULL, NULL, &message);
    ck_assert_msg(code == 0, "%s", message);
    ck_assert_int_eq(sqlite3_close(handle), 0);
}
