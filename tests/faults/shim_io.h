/* shim_io.h: makes writing to chosen files fail. The shim stands in front of libc: linked into a
 * test, which calls shim_control(); or preloaded into a daemon (LD_PRELOAD), which is then steered
 * from outside through the file named by FUNNELD_TEST_SHIM, mapped by both sides. */
#ifndef FUNNELD_TESTS_FAULTS_SHIM_IO_H
#define FUNNELD_TESTS_FAULTS_SHIM_IO_H

#include <stdatomic.h>
#include <stdint.h>

enum shim_call {
    SHIM_WRITE = 1, /* pwrite, write */
    SHIM_SYNC = 2,  /* fsync, fdatasync */
    SHIM_TRUNCATE = 4,
    SHIM_ALLOCATE = 8, /* malloc and its like, whatever the files: only in shim_memory's library */
};

/* All zero bytes: everything works. Written by the test, read by the shim. */
struct shim_control {
    char match[128];      /* files whose path ends so; "": none */
    atomic_int calls;     /* bits of enum shim_call that count and can fail */
    atomic_int error;     /* errno of those that fail */
    atomic_llong fail_at; /* the how manieth counted call fails; 0: none */
    atomic_int for_good;  /* all after it fail too */
    atomic_int space_set; /* only space_bytes are left for files to grow: then ENOSPC */
    atomic_llong space_bytes;
    atomic_llong counted; /* calls counted so far */
    atomic_llong failed;  /* calls that were made to fail */
};

struct shim_control *shim_control(void);
/* For shim_memory.c: whether this allocation is to fail. */
int shim_allocation_fails(void);

#endif
