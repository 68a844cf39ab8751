/* client.h: one keep-alive connection to a daemon under test, by raw sockets, so that it is known
 * to the byte what was sent and what came back. Never fails a test: threads use it. */
#ifndef FUNNELD_TESTS_FAULTS_CLIENT_H
#define FUNNELD_TESTS_FAULTS_CLIENT_H

#include "daemon.h"

struct client {
    const struct daemon *daemon;
    int receive_bytes; /* that its kernel keeps unread; 0: as usual */
    int fd;            /* -1: not connected */
    char *data;
    size_t length, capacity;
    size_t taken; /* of data: the last answer */
};

enum outcome {
    ANSWERED,
    REFUSED, /* the connection ended, or could not be made, before any byte of an answer */
    HALF,    /* it ended within an answer */
    SILENT,  /* nothing came in time */
};

struct answer {
    enum outcome outcome;
    int status;       /* 0 unless ANSWERED */
    bool close;       /* the server announced the end of the connection */
    const char *head; /* these until the next answer of the client; NUL-terminated */
    const char *body;
    size_t body_bytes;
    int64_t us; /* from before sending until the last byte */
};

enum { CLIENT_TIMEOUT_MS = 20000 };

void client_init(struct client *client, const struct daemon *daemon);
bool client_connect(struct client *client);
void client_close(struct client *client);
/* All of it; false when the connection has ended. */
bool client_send(struct client *client, const char *data, size_t bytes);
struct answer client_read(struct client *client, int timeout_ms);
/* A whole request with the daemon's key, in memory from malloc(). body NULL: a GET has none. */
char *request_text(const struct daemon *daemon, const char *method, const char *target,
                   const char *body, const char *content_type);
/* Connects when need be. The connection stays open unless the answer says otherwise. */
struct answer client_call(struct client *client, const char *method, const char *target,
                          const char *body);
struct answer client_get(struct client *client, const char *target);
struct answer client_post(struct client *client, const char *target, const char *body);
struct answer client_post_form(struct client *client, const char *target, const char *body);

/* Copies the text of a member that is a text: the first of that name; false without one. */
bool answer_text(const char *body, const char *member, char *ret, size_t size);
/* The first whole number of that name, or -1. */
long long answer_number(const char *body, const char *member);
/* How often the text is in the body. */
int answer_count(const char *body, const char *text);

#endif
