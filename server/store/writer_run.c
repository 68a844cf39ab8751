/* writer_run.c: a command for those who wait for it, on a thread that has nothing else to do. */
#include <funneld/writer.h>

#include <pthread.h>

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done; /* under lock */
};

static void waiting_end(struct command *command)
{
    struct waiting *waiting = command->waiting;
    pthread_mutex_lock(&waiting->lock);
    waiting->done = true;
    pthread_cond_signal(&waiting->wake);
    pthread_mutex_unlock(&waiting->lock);
}

enum err writer_run(struct writer *writer, struct command *command)
{
    struct waiting waiting = { .lock = PTHREAD_MUTEX_INITIALIZER,
                               .wake = PTHREAD_COND_INITIALIZER };
    command->waiting = &waiting;
    command->done = waiting_end;
    if (!writer_submit(writer, command))
        return command->ctx->failure.err;
    pthread_mutex_lock(&waiting.lock);
    while (!waiting.done)
        pthread_cond_wait(&waiting.wake, &waiting.lock);
    pthread_mutex_unlock(&waiting.lock);
    pthread_cond_destroy(&waiting.wake);
    pthread_mutex_destroy(&waiting.lock);
    return command->result;
}
