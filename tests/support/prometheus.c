/* prometheus.c: a reader of metrics that forgives nothing. It knows no metric of ours. */
#include "prometheus.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 128, LABELS_MAX_BYTES = 512 };

enum kind { KIND_NONE, KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };

struct sample {
    char name[NAME_MAX_BYTES];
    char labels[LABELS_MAX_BYTES]; /* without le */
    char le[64];
    bool has_le;
    double value;
};

struct reader {
    const char *text;          /* all of it */
    char line[1024];           /* the present one */
    size_t line_at;            /* where it begins in the text */
    const char *why;           /* NULL: nothing is wrong so far */
    char name[NAME_MAX_BYTES]; /* of the family */
    char help[NAME_MAX_BYTES];
    enum kind kind;
    /* Of a histogram: the member that is open. */
    char member[LABELS_MAX_BYTES];
    int buckets; /* -1: no member is open */
    double bound, count;
    bool has_sum;
};

static bool wrong(struct reader *reader, const char *why)
{
    if (!reader->why)
        reader->why = why;
    return false;
}

static size_t name_length(const char *text, bool colons)
{
    size_t length = strspn(text, colons ? "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_:"
                                        : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_");
    return length < NAME_MAX_BYTES && !(*text >= '0' && *text <= '9') ? length : 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), bytes = strlen(end);
    return length > bytes && strcmp(text + length - bytes, end) == 0;
}

/* The end of a label's value or of a help text: backslashes come before few things. */
static const char *text_end(const char *at, bool quoted)
{
    for (; *at && !(quoted && *at == '"'); at++) {
        if (*at != '\\')
            continue;
        at++;
        if (*at != '\\' && *at != 'n' && !(quoted && *at == '"'))
            return NULL;
    }
    return at;
}

/* One name="value"; returns what follows it. */
static const char *label_read(struct reader *reader, const char *at, struct sample *sample)
{
    size_t name = name_length(at, false);
    if (name == 0 || at[name] != '=' || at[name + 1] != '"')
        return wrong(reader, "a label's name") ? at : NULL;
    const char *value = at + name + 2, *end = text_end(value, true);
    if (!end || *end != '"')
        return wrong(reader, "a label's value") ? at : NULL;
    if (name == 2 && strncmp(at, "le", 2) == 0) {
        if (sample->has_le || end - value >= (int)sizeof sample->le)
            return wrong(reader, "le") ? at : NULL;
        sample->has_le = true;
        snprintf(sample->le, sizeof sample->le, "%.*s", (int)(end - value), value);
        return end + 1;
    }
    char found[NAME_MAX_BYTES + 4];
    snprintf(found, sizeof found, "%.*s=\"", (int)name, at);
    if (strstr(sample->labels, found))
        return wrong(reader, "a label twice") ? at : NULL;
    size_t length = strlen(sample->labels);
    if (length + (size_t)(end - at) + 3 > sizeof sample->labels)
        return wrong(reader, "labels too long for the reader") ? at : NULL;
    snprintf(sample->labels + length, sizeof sample->labels - length, "%.*s,", (int)(end + 1 - at),
             at);
    return end + 1;
}

/* name{label="value",...} number */
static bool sample_read(struct reader *reader, struct sample *sample)
{
    const char *at = reader->line;
    size_t name = name_length(at, true);
    if (name == 0)
        return wrong(reader, "a name");
    snprintf(sample->name, sizeof sample->name, "%.*s", (int)name, at);
    at += name;
    if (*at == '{') {
        do
            if (!(at = label_read(reader, at + 1, sample)))
                return false;
        while (*at == ',');
        if (*at++ != '}')
            return wrong(reader, "the end of the labels");
    }
    char *end = NULL;
    if (*at != ' ' || strchr(" \t", at[1]) || at[1] == '\0')
        return wrong(reader, "one blank before the value");
    sample->value = strtod(at + 1, &end);
    return *end == '\0' || wrong(reader, "a value, and nothing after it");
}

/* Another sample of the same name and labels above this line. */
static bool came_before(const struct reader *reader)
{
    size_t length = strcspn(reader->line, "}");
    length = reader->line[length] == '}' ? length + 1 : strcspn(reader->line, " ");
    for (const char *at = reader->text; at < reader->text + reader->line_at;
         at = strchr(at, '\n') + 1)
        if (strncmp(at, reader->line, length) == 0 && at[length] == ' ')
            return true;
    return false;
}

static bool bucket_take(struct reader *reader, const struct sample *sample)
{
    char *end = NULL;
    double bound = strcmp(sample->le, "+Inf") == 0 ? HUGE_VAL : strtod(sample->le, &end);
    if (!sample->has_le || (end && (*end || end == sample->le)))
        return wrong(reader, "the bound of a bucket");
    bool first = reader->buckets <= 0;
    if (!first && strcmp(reader->member, sample->labels) != 0)
        return wrong(reader, "a histogram that began before the last was whole");
    if (!first && (bound <= reader->bound || sample->value < reader->count))
        return wrong(reader, "bounds rise, and counts do not fall");
    memcpy(reader->member, sample->labels, sizeof reader->member);
    reader->buckets = first ? 1 : reader->buckets + 1;
    reader->bound = bound;
    reader->count = sample->value;
    return true;
}

/* The buckets of a member, its sum, its count. */
static bool histogram_take(struct reader *reader, const struct sample *sample)
{
    size_t base = strlen(reader->name);
    const char *part = sample->name + base;
    if (strncmp(sample->name, reader->name, base) != 0)
        return wrong(reader, "a sample of another family");
    if (strcmp(part, "_bucket") == 0)
        return bucket_take(reader, sample);
    if (sample->has_le || reader->buckets <= 0 || reader->bound != HUGE_VAL ||
        strcmp(reader->member, sample->labels) != 0)
        return wrong(reader, "a sum or count without its buckets up to +Inf");
    if (strcmp(part, "_sum") == 0 && !reader->has_sum)
        return reader->has_sum = true;
    if (strcmp(part, "_count") != 0 || !reader->has_sum)
        return wrong(reader, "_sum, then _count");
    reader->has_sum = false;
    reader->buckets = 0;
    return sample->value == reader->count || wrong(reader, "_count is not that of +Inf");
}

static bool sample_take(struct reader *reader, const struct sample *sample)
{
    if (came_before(reader))
        return wrong(reader, "a series that came before");
    if (reader->kind != KIND_GAUGE && !(sample->value >= 0))
        return wrong(reader, "a counter below 0");
    if (reader->kind == KIND_HISTOGRAM)
        return histogram_take(reader, sample);
    return (!sample->has_le && strcmp(sample->name, reader->name) == 0) ||
           wrong(reader, "a sample of another family");
}

static bool help_take(struct reader *reader)
{
    const char *at = reader->line + strlen("# HELP "), *end;
    size_t length = name_length(at, true);
    if (length == 0 || at[length] != ' ' || at[length + 1] == '\0')
        return wrong(reader, "HELP name text");
    end = text_end(at + length + 1, false);
    if (!end)
        return wrong(reader, "a backslash in HELP");
    char before[NAME_MAX_BYTES + 16];
    snprintf(before, sizeof before, "# HELP %.*s ", (int)length, at);
    const char *first = strstr(reader->text, before);
    if (first != reader->text + reader->line_at)
        return wrong(reader, "a family that came before");
    if (reader->buckets > 0)
        return wrong(reader, "the last histogram is not whole");
    snprintf(reader->help, sizeof reader->help, "%.*s", (int)length, at);
    return true;
}

static bool type_take(struct reader *reader)
{
    static const char *const kinds[] = { "", "counter", "gauge", "histogram" };
    char kind[16] = "";
    if (sscanf(reader->line, "# TYPE %127s %15s", reader->name, kind) != 2 ||
        strcmp(reader->name, reader->help) != 0)
        return wrong(reader, "TYPE that does not follow its HELP");
    for (int i = KIND_COUNTER; i <= KIND_HISTOGRAM; i++)
        if (strcmp(kind, kinds[i]) == 0) {
            reader->kind = (enum kind)i;
            reader->buckets = 0;
            reader->help[0] = '\0';
            return (i == KIND_COUNTER) == ends_with(reader->name, "_total") ||
                   wrong(reader, "counters, and only they, end in _total");
        }
    return wrong(reader, "an unknown TYPE");
}

static bool line_take(struct reader *reader)
{
    struct sample sample = { .value = 0 };
    if (strncmp(reader->line, "# HELP ", 7) == 0)
        return help_take(reader);
    if (strncmp(reader->line, "# TYPE ", 7) == 0)
        return type_take(reader);
    if (*reader->line == '#' || reader->kind == KIND_NONE || reader->help[0])
        return wrong(reader, "neither HELP, TYPE nor a sample where one may be");
    return sample_read(reader, &sample) && sample_take(reader, &sample);
}

const char *prometheus_complaint(const char *text)
{
    static char complaint[1200];
    struct reader reader = { .text = text };
    const char *line = text, *end;
    for (; (end = strchr(line, '\n')) && strcmp(line, "# EOF\n") != 0; line = end + 1) {
        reader.line_at = (size_t)(line - text);
        if ((size_t)(end - line) >= sizeof reader.line)
            return "a line is too long for the reader";
        snprintf(reader.line, sizeof reader.line, "%.*s", (int)(end - line), line);
        if (!line_take(&reader))
            break;
    }
    if (!reader.why && (!end || reader.buckets > 0))
        reader.why = "it does not end with # EOF, or within a histogram";
    snprintf(complaint, sizeof complaint, "%s: %s", reader.why ? reader.why : "", reader.line);
    return reader.why ? complaint : NULL;
}
