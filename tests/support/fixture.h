/* fixture.h: the whole service within the test's own process, on a data file of its own. In the
 * same process, so that the sanitizers see all of it. */
#ifndef FUNNELD_TESTS_SUPPORT_FIXTURE_H
#define FUNNELD_TESTS_SUPPORT_FIXTURE_H

#include "client.h"

#include <funneld/api.h>

struct fixture {
    char directory[96];
    char database[128];
    char socket_path[160];   /* the control socket */
    char key[KEY_TEXT_SIZE]; /* of the administrator */
    struct arena arena;
    struct id_source ids;
    struct ctx ctx;
    struct config config;
    struct service *service; /* NULL while stopped */
    struct client *client;   /* over TCP with the admin key */
    struct client *control;  /* over the control socket */
};

/* Each test has one: tcase_add_checked_fixture(tcase, service_setup, service_teardown). */
extern struct fixture fixture;
void service_setup(void);
/* Expects that a recount finds no difference, stops the service and removes its files. */
void service_teardown(void);

/* For a fixture with options of its own ("--time-zone=Europe/Berlin", NULL at the end), instead
 * of service_setup(). */
void service_setup_with(const char *const *options);
/* Stops the service and starts it again on the same file. Clients made before are gone. */
void service_restart(void);
/* Everything derived, derived again: fails the test when it differs. */
void service_check(void);

/* A client of its own, say for a thread. NULL key: the administrator's. */
struct client *service_client(const char *key);
/* A new key with these scopes, as in "read','write". Lives as long as the fixture. */
const char *service_key(const char *name, const char *scopes);
/* The id of what was created by posting that JSON. */
const char *service_create(const char *path, const char *json, ...) _printf_(2, 3);

/* A text like printf's, and a time like 2026-11-22T22:05:22.123Z. Live as long as the fixture. */
const char *textf(const char *format, ...) _printf_(1, 2);
const char *time_text(int64_t ms);
/* Two posts at the same moment, from two clients. */
struct race {
    const char *path, *bodies[2], *content_type;
    int statuses[2];
};
void race_run(struct race *race);

#endif
