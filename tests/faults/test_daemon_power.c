/* test_daemon_power.c: the power fails at any moment, on a disk that keeps what it was told to
 * sync and, of the rest, whatever it likes. What was acknowledged is there afterwards.
 *
 * The daemon is killed, and its files are then made what such a disk would hold: every write up to
 * the last sync of its file, and of those after it some, in any order, some of them torn between
 * two sectors. */
#include "ledger.h"
#include "shim_record.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WORKERS = 6,
    CUTS = 4,
    BIRTHS = 10,
    CUTS_LONG = 100,
    LIFE_US = 1700000,
    START_US = 40000,
    SECTOR_BYTES = 512,
};

static struct daemon daemon_;
static struct ledger ledger;
static char record_path[320], record_setting[360];

/* What a file holds for certain. */
struct image {
    char *data;
    size_t bytes, capacity;
    const struct record **loose; /* done since its last sync */
    size_t loose_count, loose_capacity;
};

static struct image images[RECORD_FILES];
static int checkpoints; /* syncs of the data file */

static void setup(void)
{
    memset(images, 0, sizeof images);
    daemon_make(&daemon_, NULL);
    snprintf(record_path, sizeof record_path, "%s/record", daemon_.folder);
    snprintf(record_setting, sizeof record_setting, "FUNNELD_TEST_RECORD=%s", record_path);
    daemon_.settings[0] = record_setting;
    daemon_.preload = getenv("FUNNELD_TEST_RECORD_LIBRARY");
    ck_assert_ptr_nonnull(daemon_.preload);
}

static void teardown(void)
{
    daemon_done(&daemon_);
    for (int i = 0; i < RECORD_FILES; i++) {
        free(images[i].data);
        free(images[i].loose);
    }
}

/* ---- What the disk holds ---- */

static void image_size(struct image *image, size_t bytes)
{
    if (bytes > image->capacity) {
        image->capacity = bytes * 2;
        image->data = realloc(image->data, image->capacity);
        ck_assert_ptr_nonnull(image->data);
    }
    if (bytes > image->bytes)
        memset(image->data + image->bytes, 0, bytes - image->bytes);
    image->bytes = bytes;
}

/* Of a write only the first so many bytes. */
static void image_apply(struct image *image, const struct record *record, size_t bytes)
{
    size_t offset = (size_t)record->offset;
    if (record->call == RECORD_TRUNCATE) {
        image_size(image, offset);
        return;
    }
    if (bytes == 0)
        return;
    if (offset + bytes > image->bytes)
        image_size(image, offset + bytes);
    memcpy(image->data + offset, record + 1, bytes);
}

static void image_note(struct image *image, const struct record *record)
{
    if (record->call == RECORD_SYNC) {
        for (size_t i = 0; i < image->loose_count; i++)
            image_apply(image, image->loose[i], (size_t)image->loose[i]->bytes);
        image->loose_count = 0;
        return;
    }
    if (image->loose_count == image->loose_capacity) {
        image->loose_capacity = image->loose_capacity * 2 + 256;
        image->loose = realloc(image->loose, image->loose_capacity * sizeof *image->loose);
        ck_assert_ptr_nonnull(image->loose);
    }
    image->loose[image->loose_count++] = record;
}

/* The disk's choice: most of what was not synced, or little of it. */
static void image_cut(struct image *image, unsigned *seed)
{
    int kept_percent = rand_r(seed) % 101;
    for (size_t i = 0; i < image->loose_count; i++) {
        const struct record *record = image->loose[i];
        size_t bytes = (size_t)record->bytes;
        if (rand_r(seed) % 100 >= kept_percent)
            continue;
        if (rand_r(seed) % 8 == 0)
            bytes = bytes * ((size_t)rand_r(seed) % 8) / 8 / SECTOR_BYTES * SECTOR_BYTES;
        image_apply(image, record, bytes);
    }
    image->loose_count = 0;
}

static void image_write(const struct image *image, const char *ending)
{
    char path[320];
    snprintf(path, sizeof path, "%s%s", daemon_.database, ending);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    for (size_t at = 0; at < image->bytes;) {
        ssize_t bytes = write(fd, image->data + at, image->bytes - at);
        ck_assert_int_gt(bytes, 0);
        at += (size_t)bytes;
    }
    close(fd);
}

/* Replays what the life that has just ended did, and puts what is left of it in its place. */
static void power_cut(unsigned *seed)
{
    char index[320];
    struct stat status;
    int fd = open(record_path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert(fd >= 0 && fstat(fd, &status) == 0);
    size_t bytes = (size_t)status.st_size, next;
    char *records = bytes ? mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    ck_assert_ptr_ne(records, MAP_FAILED);
    close(fd);
    for (size_t at = 0; at + sizeof(struct record) <= bytes; at = next) {
        /* Records follow each other without gaps, and this machine reads them wherever they lie. */
        const struct record *record = (const void *)(records + at);
        next = at + sizeof *record + (size_t)record->bytes;
        if (next > bytes) /* killed while it was noted */
            break;
        image_note(&images[record->file], record);
        checkpoints += record->file == RECORD_DATA && record->call == RECORD_SYNC;
    }
    for (int i = 0; i < RECORD_FILES; i++)
        image_cut(&images[i], seed);
    if (records)
        munmap(records, bytes);
    image_write(&images[RECORD_DATA], "");
    image_write(&images[RECORD_LOG], "-wal");
    /* It lives in memory only. */
    snprintf(index, sizeof index, "%s-shm", daemon_.database);
    unlink(index);
    unlink(record_path);
}

/* ---- The test ---- */

START_TEST(test_power_cut_at_any_moment)
{
    int rounds = test_rounds(CUTS, CUTS_LONG);
    unsigned seed = test_seed();
    daemon_start(&daemon_);
    ledger_make(&ledger, &daemon_, WORKERS);
    ck_assert_int_eq(ledger_make_form(&ledger).status, 201);
    for (int i = 0; i < rounds; i++) {
        ledger_begin(&ledger);
        usleep((unsigned)rand_r(&seed) % LIFE_US);
        daemon_kill(&daemon_);
        ledger_end(&ledger);
        power_cut(&seed);
        daemon_start(&daemon_);
        ledger_settle(&ledger);
    }
    daemon_kill(&daemon_); /* once more, at rest */
    power_cut(&seed);
    daemon_start(&daemon_);
    ledger_verify(&ledger);
    daemon_stop(&daemon_);
    daemon_check_file(&daemon_);
    printf("%d power cuts, seed %u: %d writes acknowledged; %d checkpoints\n", rounds, test_seed(),
           atomic_load(&ledger.acknowledged), checkpoints);
    ledger_done(&ledger);
}
END_TEST

/* The same while the first start makes the file. Names of files are kept by this disk, and what is
 * in admin.key. */
START_TEST(test_power_cut_while_the_file_is_made)
{
    int rounds = test_rounds(BIRTHS, CUTS_LONG);
    unsigned seed = test_seed();
    for (int i = 0; i < rounds; i++) {
        if (i > 0)
            setup();
        for (int cuts = 0; cuts < 3; cuts++) {
            daemon_launch(&daemon_);
            usleep((unsigned)rand_r(&seed) % START_US);
            daemon_kill(&daemon_);
            power_cut(&seed);
        }
        daemon_start(&daemon_);
        ledger_make(&ledger, &daemon_, 1);
        ck_assert_int_eq(ledger_make_form(&ledger).status, 201);
        ledger_step(&ledger, ENTRY_LEAD);
        daemon_kill(&daemon_);
        power_cut(&seed);
        daemon_start(&daemon_);
        client_close(&ledger.workers[0].client);
        ledger_verify(&ledger);
        daemon_stop(&daemon_);
        daemon_check_file(&daemon_);
        ledger_done(&ledger);
        if (i + 1 < rounds)
            teardown();
    }
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("faults daemon power");
    TCase *tcase = tcase_create("power");
    tcase_set_timeout(tcase, test_is_long() ? 1100 : 100);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_power_cut_at_any_moment);
    tcase_add_test(tcase, test_power_cut_while_the_file_is_made);
    suite_add_tcase(suite, tcase);
    return suite;
}
