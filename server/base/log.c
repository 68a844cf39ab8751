/* log.c: one line to standard error per message, as text or JSON.
 * Knows no configuration and no request; what may not be logged is the caller's care. */
#include <funneld/base.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MESSAGE_MAX_BYTES = 2048, LINE_MAX_BYTES = 4096, ALLOWED_A_SECOND = 10 };

const char *const log_level_names[] = { "debug", "info", "warn", "error", NULL };
const char *const log_format_names[] = { "text", "json", NULL };

const char *const log_requests_names[] = { "none", "failed", "all", NULL };

static _Atomic int minimum_level = LOG_INFO;
static _Atomic int line_format = LOG_TEXT;
static _Atomic int requests_logged = LOG_REQUESTS_NONE;
static atomic_bool journal_listens;

/* JOURNAL_STREAM is "device:inode" of the stream that is the journal's, if it is still ours. */
static bool is_journal(void)
{
    const char *text = getenv("JOURNAL_STREAM");
    struct stat status;
    char ours[64];
    if (text == NULL || fstat(STDERR_FILENO, &status) != 0)
        return false;
    snprintf(ours, sizeof(ours), "%llu:%llu", (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino);
    return strcmp(text, ours) == 0;
}

void log_setup(enum log_level level, enum log_format format)
{
    atomic_store_explicit(&minimum_level, (int)level, memory_order_relaxed);
    atomic_store_explicit(&line_format, (int)format, memory_order_relaxed);
    atomic_store_explicit(&journal_listens, is_journal(), memory_order_relaxed);
}

void log_setup_requests(enum log_requests which)
{
    atomic_store_explicit(&requests_logged, (int)which, memory_order_relaxed);
}

enum log_level log_request_level(int status)
{
    int which = atomic_load_explicit(&requests_logged, memory_order_relaxed);
    bool wanted = which == LOG_REQUESTS_ALL || (which == LOG_REQUESTS_FAILED && status >= 400);
    return wanted ? LOG_INFO : LOG_DEBUG;
}

/* A full disk fails every request there is; their lines would fill the next disk. */
bool log_allowed(int64_t *ret_left_out)
{
    static _Atomic int64_t window_second, window_lines;
    int64_t second = clock_monotonic_us() / 1000000;
    int64_t before = atomic_load(&window_second);
    *ret_left_out = 0;
    if (second != before && atomic_compare_exchange_strong(&window_second, &before, second)) {
        int64_t lines = atomic_exchange(&window_lines, 0);
        *ret_left_out = lines > ALLOWED_A_SECOND ? lines - ALLOWED_A_SECOND : 0;
    }
    return atomic_fetch_add(&window_lines, 1) < ALLOWED_A_SECOND;
}

/* A line being written; what does not fit is left out. */
struct line {
    size_t length;
    char data[LINE_MAX_BYTES];
};

/* Kept free for what ends the line: `..."}` and the line feed. */
enum { LINE_END_BYTES = 8 };

static bool line_put(struct line *line, const char *data, size_t bytes)
{
    if (line->length + bytes > sizeof(line->data) - LINE_END_BYTES)
        return false;
    memcpy(line->data + line->length, data, bytes);
    line->length += bytes;
    return true;
}

static void line_end(struct line *line, const char *text)
{
    size_t bytes = strlen(text);
    memcpy(line->data + line->length, text, bytes);
    line->length += bytes;
}

/* C0, DEL, C1 and the line separators: what could break a line, or steer a terminal. */
static bool is_control(const char *text, size_t bytes)
{
    const unsigned char *byte = (const unsigned char *)text;
    if (bytes == 1)
        return byte[0] < 0x20 || byte[0] == 0x7f;
    return (bytes == 2 && byte[0] == 0xc2 && byte[1] < 0xa0) ||
           (bytes == 3 && byte[0] == 0xe2 && byte[1] == 0x80 &&
            (byte[2] == 0xa8 || byte[2] == 0xa9));
}

static bool line_put_escape(struct line *line, const char *text, size_t bytes, bool json)
{
    const unsigned char *byte = (const unsigned char *)text;
    char escape[8];
    unsigned code = byte[0];
    if (bytes == 2)
        code = byte[1];
    else if (bytes == 3)
        code = 0x2000u | (byte[2] & 0x3fu);
    bool wide = json || bytes == 3;
    int length = snprintf(escape, sizeof(escape), wide ? "\\u%04x" : "\\x%02x", code);
    return line_put(line, escape, (size_t)length);
}

/* One character of a message; false when the line is full. */
static bool line_put_character(struct line *line, const char *text, size_t bytes, bool json)
{
    if (bytes == 0)
        return json ? line_put(line, "\\ufffd", 6) : line_put_escape(line, text, 1, false);
    if (*text == '\n')
        return line_put(line, "\\n", 2);
    if (is_control(text, bytes))
        return line_put_escape(line, text, bytes, json);
    if (json && (*text == '"' || *text == '\\'))
        return line_put(line, (char[]){ '\\', *text }, 2);
    return line_put(line, text, bytes);
}

static void line_put_message(struct line *line, const char *message, bool cut, bool json)
{
    size_t rest = strlen(message);
    while (rest > 0) {
        size_t bytes = utf8_character(message, rest);
        if (bytes == 0 && cut && rest < 4)
            break; /* a character that the cut went through */
        if (!line_put_character(line, message, bytes, json)) {
            cut = true;
            break;
        }
        message += bytes == 0 ? 1 : bytes;
        rest -= bytes == 0 ? 1 : bytes;
    }
    if (cut)
        line_end(line, "...");
}

static void line_write(const struct line *line)
{
    size_t done = 0;
    while (done < line->length) {
        ssize_t written = write(STDERR_FILENO, line->data + done, line->length - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* there is nobody left to tell */
        done += (size_t)written;
    }
}

/* Before the message, which may be so long that it is cut. */
static void line_put_field(struct line *line, const struct log_field *field, bool json)
{
    char number[24];
    snprintf(number, sizeof(number), "%lld", (long long)field->number);
    bool quoted = json && field->text != NULL;
    const char *before = json ? "\"" : "", *between = json ? "\":" : "=";
    line_put(line, before, strlen(before));
    line_put(line, field->name, strlen(field->name));
    line_put(line, between, strlen(between));
    line_put(line, "\"", quoted);
    line_put_message(line, field->text == NULL ? number : field->text, false, json);
    line_put(line, "\"", quoted);
    line_put(line, json ? "," : " ", 1);
}

static void line_begin(struct line *line, enum log_level level, const char *area, bool json)
{
    static const int priorities[] = { 7, 6, 4, 3 }; /* those of syslog */
    char time[TIME_TEXT_SIZE], priority[8] = "";
    time_format(clock_now_ms(), time);
    if (atomic_load_explicit(&journal_listens, memory_order_relaxed))
        snprintf(priority, sizeof(priority), "<%d>", priorities[level]);
    line->length = (size_t)snprintf(line->data, sizeof(line->data) / 2,
                                    json ? "%s{\"time\":\"%s\",\"level\":\"%s\",\"area\":\"%.64s\","
                                         : "%s%s %s %.64s: ",
                                    priority, time, log_level_names[level], area);
}

static void log_write(enum log_level level, const char *area, const struct log_field *fields,
                      size_t count, const char *format, va_list args)
{
    if ((int)level < atomic_load_explicit(&minimum_level, memory_order_relaxed))
        return;
    int saved_errno = errno;
    bool json = atomic_load_explicit(&line_format, memory_order_relaxed) == LOG_JSON;

    char message[MESSAGE_MAX_BYTES];
    int length = vsnprintf(message, sizeof(message), format, args);
    if (length < 0)
        message[0] = '\0';

    struct line line;
    line_begin(&line, level, area, json);
    for (size_t i = 0; i < count; i++)
        line_put_field(&line, &fields[i], json);
    if (json)
        line_put(&line, "\"message\":\"", strlen("\"message\":\""));
    line_put_message(&line, message, length >= (int)sizeof(message), json);
    line_end(&line, json ? "\"}\n" : "\n");
    line_write(&line);
    errno = saved_errno;
}

void log_line(enum log_level level, const char *area, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_write(level, area, NULL, 0, format, args);
    va_end(args);
}

void log_fields(enum log_level level, const char *area, const struct log_field *fields,
                size_t count, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_write(level, area, fields, count, format, args);
    va_end(args);
}
