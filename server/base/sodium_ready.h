/* sodium_ready.h: libsodium wants one call before all others. Private to server/base. */
#ifndef FUNNELD_BASE_SODIUM_READY_H
#define FUNNELD_BASE_SODIUM_READY_H

/* Any thread, as often as one likes. Ends the process where the system gives no random numbers. */
void sodium_ready(void);

#endif
