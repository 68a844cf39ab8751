/* trace.h: takes down the statements that use cases run, and gives them to SQLite again. */
#ifndef FUNNELD_TESTS_BENCH_TRACE_H
#define FUNNELD_TESTS_BENCH_TRACE_H

#include <funneld/db.h>

#include <sqlite3.h>

struct call {
    int sql;        /* a named statement, or TRACE_COMMIT */
    bool first_row; /* no more than that was asked for */
    uint8_t count;
    const struct param *params;
};

enum { TRACE_COMMIT = -1 };

struct trace {
    struct arena arena;
    struct call *calls;
    size_t count, capacity;
};

/* From here on every db_...() call of this process is noted, until trace_stop(). */
void trace_start(struct trace *trace);
void trace_commit(void);
void trace_stop(void);
void trace_free(struct trace *trace);

struct replay {
    sqlite3 *handle;
    const struct trace *trace;
    size_t next;
    sqlite3_stmt **statements; /* by number of the named statement */
    sqlite3_stmt *begin, *commit;
};

void replay_open(struct replay *replay, sqlite3 *handle, const struct trace *trace);
/* The next statements up to a commit, and that; false at the end. */
bool replay_batch(struct replay *replay);
void replay_close(struct replay *replay);

#endif
