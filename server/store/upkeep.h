/* upkeep.h: when the log is copied into the data file. Private to server/store, and to the programs
 * that measure it against others: they must do the same. */
#ifndef FUNNELD_STORE_UPKEEP_H
#define FUNNELD_STORE_UPKEEP_H

enum {
    PASSIVE_BYTES = 4 << 20,   /* not yet copied: then it is */
    TRUNCATE_BYTES = 64 << 20, /* of the log: then it is cut, too */
    /* Between two copies. Nobody is answered during one, and the more has come since the last the
     * longer it takes: with four a second the slowest answers under full load take half as long as
     * with one, and no fewer are given. */
    CHECKPOINT_US = 250000,
};

#endif
