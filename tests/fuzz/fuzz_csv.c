/* fuzz_csv.c: the CSV reader on any bytes: it must not crash, must say the same whatever the
 * pieces, and what it calls good must be good. Runs by itself on mutations of a few files, or
 * under libFuzzer (clang -DFUNNELD_LIBFUZZER -fsanitize=fuzzer,address). */
#include "server/cli/csv.h"

#include <funneld/base.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was told of an input, as one number. */
struct telling {
    uint64_t hash;
    int64_t line, rows;
};

static void hash_add(struct telling *telling, const void *data, size_t bytes)
{
    const unsigned char *byte = data;
    for (size_t i = 0; i < bytes; i++)
        telling->hash = (telling->hash ^ byte[i]) * UINT64_C(1099511628211);
}

/* Like assert(), but in every build, and with the words for the log. */
static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fuzz_csv: %s\n", what);
    abort();
}

static void row_visit(void *self, const struct csv_row *row)
{
    struct telling *telling = self;
    require(row->line > telling->line, "lines go upwards");
    require(row->count <= CSV_CELLS_MAX, "no more cells than there is room for");
    require(row->problem != NULL || row->count > 0, "a good row has a cell");
    hash_add(telling, &row->line, sizeof(row->line));
    hash_add(telling, &row->count, sizeof(row->count));
    if (row->problem != NULL)
        hash_add(telling, row->problem, strlen(row->problem));
    for (size_t i = 0; i < row->count; i++) {
        const struct csv_cell *cell = &row->cells[i];
        require(cell->text[cell->bytes] == '\0', "a cell ends in NUL");
        require(row->problem != NULL || utf8_valid(cell->text, cell->bytes),
                "a good row is valid UTF-8");
        hash_add(telling, cell->text, cell->bytes + 1);
    }
    telling->line = row->line;
    telling->rows++;
}

static struct telling input_tell(const uint8_t *data, size_t size, size_t piece)
{
    struct telling telling = { .hash = UINT64_C(14695981039346656037) };
    struct csv *csv = csv_new(row_visit, &telling);
    require(csv != NULL, "memory");
    for (size_t at = 0; at < size; at += piece)
        csv_push(csv, (const char *)data + at, size - at < piece ? size - at : piece);
    csv_end(csv);
    csv_free(csv);
    return telling;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = { 1, 3, 1000, 65536 };
    struct telling whole = input_tell(data, size, size + 1);
    size_t piece = pieces[size % ARRAY_SIZE(pieces)];
    struct telling parts = input_tell(data, size, piece);
    require(whole.hash == parts.hash && whole.rows == parts.rows, "pieces make no difference");
    return 0;
}

#ifndef FUNNELD_LIBFUZZER

#include "tests/support/suite.h"

enum { INPUT_BYTES_MAX = 200000, ITERATIONS = 4000 };

static const char *const seeds[] = {
    "name,email\nAnn,ann@example.com\n\"B, C\",\"say \"\"hi\"\"\"\n",
    "\xef\xbb\xbf\"a\";b;c;\r\n1;\"x\r\ny\";3;\r\n;;;\r\n",
    "a\tb\r1\t\"2\r3\"\t4\r",
    "\"a\n\"b\"\n\"\"\"\",\"\n",
};

/* xorshift64*: the same numbers from the same seed on every machine. */
static uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static size_t random_below(uint64_t *state, size_t bound)
{
    return (size_t)(random_next(state) >> 33) % bound;
}

struct input {
    size_t length;
    uint8_t data[INPUT_BYTES_MAX];
};

static void insert(struct input *input, size_t at, const void *data, size_t bytes)
{
    if (input->length + bytes > sizeof(input->data))
        return;
    memmove(input->data + at + bytes, input->data + at, input->length - at);
    memmove(input->data + at, data, bytes);
    input->length += bytes;
}

static void mutate(struct input *input, uint64_t *state)
{
    static const char special[] = { '"', '"', ',', ';', '\t', '\n', '\r', '\0', '\xc3', '\xef' };
    size_t at = input->length == 0 ? 0 : random_below(state, input->length);
    size_t bytes = input->length == 0 ? 0 : 1 + random_below(state, input->length - at);
    switch (random_below(state, 6)) {
    case 0:
        if (input->length > 0)
            input->data[at] = (uint8_t)random_next(state);
        return;
    case 1:
    case 2: insert(input, at, &special[random_below(state, sizeof(special))], 1); return;
    case 3:
        memmove(input->data + at, input->data + at + bytes, input->length - at - bytes);
        input->length -= bytes;
        return;
    case 4: {
        const char *seed = seeds[random_below(state, ARRAY_SIZE(seeds))];
        insert(input, at, seed, strlen(seed));
        return;
    }
    default: {
        uint8_t slice[512];
        size_t times = random_below(state, 40) == 0 ? 3000 : 3; /* now and then past 64 KiB */
        bytes = bytes < sizeof(slice) ? bytes : sizeof(slice);
        memcpy(slice, input->data + at, bytes);
        for (size_t i = 0; i < times; i++)
            insert(input, at, slice, bytes);
        return;
    }
    }
}

static uint64_t environment_number(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);
    return text == NULL || *text == '\0' ? fallback : strtoull(text, NULL, 10);
}

START_TEST(test_mutations)
{
    static struct input input;
    uint64_t rounds = getenv("FUNNELD_TEST_LONG") != NULL ? 20 * ITERATIONS : ITERATIONS;
    rounds = environment_number("FUNNELD_TEST_ITERATIONS", rounds);
    uint64_t first = environment_number("FUNNELD_TEST_SEED", 1);
    printf("fuzz_csv: seed %llu, %llu rounds\n", (unsigned long long)first,
           (unsigned long long)rounds);
    fflush(stdout);
    uint64_t state = first * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (uint64_t round = 0; round < rounds; round++) {
        const char *seed = seeds[random_below(&state, ARRAY_SIZE(seeds))];
        input.length = strlen(seed);
        memcpy(input.data, seed, input.length);
        for (size_t count = random_below(&state, 16); count > 0; count--)
            mutate(&input, &state);
        LLVMFuzzerTestOneInput(input.data, input.length);
    }
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("fuzz csv");
    TCase *tcase = tcase_create("mutations");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, test_mutations);
    suite_add_tcase(suite, tcase);
    return suite;
}

#endif
