/* ledger_private.h: between the writing and the judging half of the ledger. */
#ifndef FUNNELD_TESTS_FAULTS_LEDGER_PRIVATE_H
#define FUNNELD_TESTS_FAULTS_LEDGER_PRIVATE_H

#include "ledger.h"

#define LEDGER_FORM "ledger-form"

/* Sends it, or sends it again. */
struct answer entry_send(struct client *client, const struct entry *entry);
/* The answer to a write that was done, or was done before; false when it is not what was asked
 * for. */
bool entry_accept(struct entry *entry, const struct answer *answer);

#endif
