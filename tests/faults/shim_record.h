/* shim_record.h: what a daemon under shim_record.c did to its data file, call by call. */
#ifndef FUNNELD_TESTS_FAULTS_SHIM_RECORD_H
#define FUNNELD_TESTS_FAULTS_SHIM_RECORD_H

#include <stdint.h>

enum record_call { RECORD_WRITE = 1, RECORD_TRUNCATE, RECORD_SYNC };
enum record_file { RECORD_DATA, RECORD_LOG, RECORD_FILES };

/* In the file named by FUNNELD_TEST_RECORD; the bytes written follow it. */
struct record {
    int32_t call, file;
    int64_t offset; /* of a write; the new size of a truncation */
    int64_t bytes;
};

#endif
