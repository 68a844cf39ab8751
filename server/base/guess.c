/* guess.c: which name somebody may have meant who wrote another one. */
#include <funneld/base.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LETTERS_MAX = sizeof((struct guess *)0)->name - 1, LETTERS_PER_SLIP = 3, SLIPS_MAX = 2 };

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters are wrong, missing, too many or in each other's place: the distance of optimal
 * string alignment, of which three rows are needed at a time. */
static size_t slips(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    size_t rows[3][LETTERS_MAX + 1];
    for (size_t j = 0; j <= b_bytes; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_bytes; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_bytes; j++) {
            row[j] = least(above[j - 1] + !same_letter(a[i - 1], b[j - 1]),
                           least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                same_letter(a[i - 2], b[j - 1]))
                row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a_bytes % 3][b_bytes];
}

void guess_try(struct guess *guess, const char *name)
{
    size_t bytes = strlen(name);
    if (bytes > LETTERS_MAX || guess->bytes > LETTERS_MAX)
        return;
    size_t distance = slips(guess->text, guess->bytes, name, bytes);
    if (distance > SLIPS_MAX || distance * LETTERS_PER_SLIP > bytes ||
        (guess->name[0] != '\0' && distance >= guess->distance))
        return;
    guess->distance = distance;
    snprintf(guess->name, sizeof(guess->name), "%s", name);
}
