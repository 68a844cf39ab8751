/* clock.c: instants as milliseconds since 1970 UTC, civil days in the installation's zone, and
 * their texts. Never depends on the locale, and knows nothing of who asks for the time. */
#include <funneld/base.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ZONE_FOLDER "/usr/share/zoneinfo/"

enum { SECONDS_PER_DAY = 86400, SECONDS_PER_HOUR = 3600 };

static const int64_t DAY_MAX = INT64_MAX / MS_PER_DAY;

/* Like TZ itself: set in main before there are threads, and only read from then on. */
static bool zone_is_utc = true;

/* ---- The clocks ---- */

int64_t clock_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

int64_t clock_thread_us(void)
{
    return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

/* ---- Civil dates by arithmetic (Howard Hinnant's algorithms, proleptic Gregorian) ---- */

struct date {
    int64_t year;
    int month, day;
};

static int64_t floor_div(int64_t value, int64_t divisor)
{
    int64_t quotient = value / divisor;
    return value % divisor < 0 ? quotient - 1 : quotient;
}

static int64_t days_from_date(int64_t year, int month, int day)
{
    if (month <= 2)
        year--;
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static struct date date_from_days(int64_t days)
{
    days += 719468;
    int64_t era = floor_div(days, 146097);
    /* Small and not negative from here on: half the work for the machine, and lists have many. */
    unsigned day_of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted = (5 * day_of_year + 2) / 153; /* months since March */
    unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
    return (struct date){
        .year = era * 400 + year_of_era + (month <= 2),
        .month = (int)month,
        .day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1),
    };
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

/* ---- The zone ---- */

static bool zone_name_is_safe(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/";
    return name[0] != '\0' && name[0] != '/' && name[strspn(name, allowed)] == '\0' &&
           strlen(name) < 64 && strncmp(name, "right/", 6) != 0; /* those count leap seconds */
}

static bool zone_file_path(const char *name, char *path, size_t size)
{
    if (!zone_name_is_safe(name))
        return false;
    snprintf(path, size, ZONE_FOLDER "%s", name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    char magic[4];
    bool is_zone = read(file, magic, 4) == 4 && memcmp(magic, "TZif", 4) == 0;
    close(file);
    return is_zone;
}

bool clock_has_zone(const char *name)
{
    char path[128];
    return strcmp(name, "UTC") == 0 || zone_file_path(name, path, sizeof(path));
}

bool clock_set_zone(const char *name)
{
    char value[128] = ":";
    bool utc = strcmp(name, "UTC") == 0;
    if (!utc && !zone_file_path(name, value + 1, sizeof(value) - 1))
        return false;
    if (setenv("TZ", utc ? "UTC0" : value, 1) != 0)
        return false;
    tzset();
    zone_is_utc = utc;
    return true;
}

/* Seconds that local time is ahead of UTC at an instant. */
static int64_t zone_offset(int64_t time_s)
{
    if (zone_is_utc)
        return 0;
    time_t when = (time_t)time_s;
    struct tm local;
    return localtime_r(&when, &local) == NULL ? 0 : local.tm_gmtoff;
}

/* What the zone does around a local time: one offset, or a change from one to another. No zone
 * changes twice within the 28 hours in which a local time can fall. */
struct zone_window {
    int64_t before, after; /* offsets */
    int64_t change_s;      /* first instant of `after`; when both are equal, any */
};

static struct zone_window zone_window_around(int64_t local_s)
{
    int64_t low = local_s - 15 * SECONDS_PER_HOUR;
    int64_t high = local_s + 13 * SECONDS_PER_HOUR;
    struct zone_window window = { .before = zone_offset(low), .after = zone_offset(high) };
    if (window.before != window.after)
        while (high - low > 1) {
            int64_t middle = low + (high - low) / 2;
            if (zone_offset(middle) == window.before)
                low = middle;
            else
                high = middle;
        }
    window.change_s = high;
    return window;
}

/* The instant of a local time: the earlier one of two; where clocks jumped over it, as if they
 * had not yet. */
static int64_t instant_of_local(int64_t local_s)
{
    struct zone_window window = zone_window_around(local_s);
    int64_t early = local_s - window.before;
    int64_t late = local_s - window.after;
    if (window.before == window.after || early < window.change_s || late < window.change_s)
        return early;
    return late;
}

/* A day begins at the first instant that shows its date or a later one; so every instant belongs
 * to exactly one day, even where clocks go back across midnight, and a day that a zone skipped
 * is empty. */
static int64_t day_start_s(int64_t day)
{
    int64_t midnight = day * SECONDS_PER_DAY;
    struct zone_window window = zone_window_around(midnight);
    int64_t early = midnight - window.before;
    if (window.before == window.after || early < window.change_s)
        return early;
    int64_t late = midnight - window.after;
    return late > window.change_s ? late : window.change_s;
}

int64_t day_start_ms(int64_t day)
{
    if (day < -DAY_MAX + 2 || day > DAY_MAX - 2)
        return NO_INT;
    return (zone_is_utc ? day * SECONDS_PER_DAY : day_start_s(day)) * 1000;
}

int64_t day_of(int64_t time_ms)
{
    if (time_ms == NO_INT)
        return NO_INT;
    int64_t time_s = floor_div(time_ms, 1000);
    int64_t local_s = time_s + zone_offset(time_s);
    int64_t day = floor_div(local_s, SECONDS_PER_DAY);
    /* Late in the evening it may be the hour that repeats after the next day has begun. */
    bool evening = local_s - day * SECONDS_PER_DAY >= 20 * SECONDS_PER_HOUR;
    if (!zone_is_utc && evening && day_start_s(day + 1) <= time_s)
        return day + 1;
    return day;
}

/* ---- Formatting ---- */

static char *put_digits(char *out, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + width;
}

static char *put_two(char *out, unsigned value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    memcpy(out, pairs + value * 2UL, 2);
    return out + 2;
}

static char *put_year(char *out, int64_t year)
{
    if (year >= 0 && year <= 9999)
        return put_two(put_two(out, (unsigned)year / 100), (unsigned)year % 100);
    if (year < 0) {
        *out++ = '-';
        year = -year;
    }
    int width = 4;
    for (int64_t bound = 10000; year >= bound; bound *= 10)
        width++;
    return put_digits(out, year, width);
}

/* Ten characters for the years of this program; more for others, at most 15. */
static char *put_date(char *out, int64_t day)
{
    struct date date = date_from_days(day);
    out = put_year(out, date.year);
    *out++ = '-';
    out = put_two(out, (unsigned)date.month);
    *out++ = '-';
    return put_two(out, (unsigned)date.day);
}

char *time_format(int64_t time_ms, char text[static TIME_TEXT_SIZE])
{
    text[0] = '\0';
    if (time_ms == NO_INT)
        return text;
    int64_t day = floor_div(time_ms, MS_PER_DAY);
    unsigned rest = (unsigned)(time_ms - day * MS_PER_DAY);
    char *out = put_date(text, day);
    *out++ = 'T';
    out = put_two(out, rest / 3600000);
    *out++ = ':';
    out = put_two(out, rest / 60000 % 60);
    *out++ = ':';
    out = put_two(out, rest / 1000 % 60);
    *out++ = '.';
    *out++ = (char)('0' + rest % 1000 / 100);
    out = put_two(out, rest % 100);
    *out++ = 'Z';
    *out = '\0';
    return out;
}

char *day_format(int64_t day, char text[static TIME_TEXT_SIZE])
{
    char *end = day >= -DAY_MAX && day <= DAY_MAX ? put_date(text, day) : text;
    *end = '\0';
    return end;
}

/* ---- Parsing. Each step takes its part off the front of the text, or says false. ---- */

static bool take_digits(const char **text, int width, int *ret)
{
    int value = 0;
    for (int i = 0; i < width; i++) {
        char digit = (*text)[i];
        if (digit < '0' || digit > '9')
            return false;
        value = value * 10 + (digit - '0');
    }
    *text += width;
    *ret = value;
    return true;
}

static bool take_char(const char **text, char wanted)
{
    if (**text != wanted)
        return false;
    (*text)++;
    return true;
}

static bool take_date(const char **text, int64_t *ret_day)
{
    int year, month, day;
    if (!take_digits(text, 4, &year) || !take_char(text, '-') || !take_digits(text, 2, &month) ||
        !take_char(text, '-') || !take_digits(text, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *ret_day = days_from_date(year, month, day);
    return true;
}

/* ".123456": any number of digits, of which milliseconds are kept. */
static bool take_fraction(const char **text, int64_t *ret_ms)
{
    int digit;
    *ret_ms = 0;
    if (!take_char(text, '.'))
        return true;
    if (**text < '0' || **text > '9')
        return false;
    for (int weight = 100; take_digits(text, 1, &digit); weight /= 10)
        *ret_ms += digit * weight;
    return true;
}

/* HH:MM:SS[.fraction] as milliseconds; without seconds only where they may be left out. */
static bool take_time(const char **text, bool seconds_needed, int64_t *ret_ms)
{
    int hour, minute, second = 0;
    int64_t ms = 0;
    if (!take_digits(text, 2, &hour) || !take_char(text, ':') || !take_digits(text, 2, &minute))
        return false;
    if (take_char(text, ':')) {
        if (!take_digits(text, 2, &second) || !take_fraction(text, &ms))
            return false;
    } else if (seconds_needed) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *ret_ms = ((hour * INT64_C(60) + minute) * 60 + second) * 1000 + ms;
    return true;
}

/* "Z" or "+HH:MM". */
static bool take_offset(const char **text, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (take_char(text, 'Z') || take_char(text, 'z'))
        return true;
    int sign = **text == '-' ? -1 : 1;
    int hours, minutes;
    if (!take_char(text, '-') && !take_char(text, '+'))
        return false;
    if (!take_digits(text, 2, &hours) || !take_char(text, ':') || !take_digits(text, 2, &minutes))
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    *ret_ms = sign * (hours * INT64_C(60) + minutes) * 60000;
    return true;
}

static bool day_in_range(int64_t day)
{
    return day >= 0 && day <= 2932896; /* 9999-12-31 */
}

static bool time_in_range(int64_t time_ms)
{
    return time_ms >= 0 && day_in_range(time_ms / MS_PER_DAY);
}

bool time_parse(const char *text, int64_t *ret_ms)
{
    int64_t day, clock_ms, offset_ms;
    if (text == NULL || !take_date(&text, &day))
        return false;
    if (!take_char(&text, 'T') && !take_char(&text, 't'))
        return false;
    if (!take_time(&text, true, &clock_ms) || !take_offset(&text, &offset_ms) || *text != '\0')
        return false;
    int64_t time_ms = day * MS_PER_DAY + clock_ms - offset_ms;
    if (!time_in_range(time_ms))
        return false;
    *ret_ms = time_ms;
    return true;
}

bool date_parse(const char *text, int64_t *ret_day)
{
    int64_t day;
    if (text == NULL || strncmp(text, "0000", 4) == 0 || !take_date(&text, &day) || *text != '\0')
        return false;
    *ret_day = day;
    return true;
}

bool day_parse(const char *text, int64_t *ret_day)
{
    int64_t day;
    if (!date_parse(text, &day) || !day_in_range(day))
        return false;
    *ret_day = day;
    return true;
}

bool time_parse_lenient(const char *text, int64_t *ret_ms)
{
    int64_t day, clock_ms;
    if (time_parse(text, ret_ms))
        return true;
    if (text == NULL || !take_date(&text, &day))
        return false;
    int64_t time_ms;
    if (*text == '\0') {
        time_ms = day_start_ms(day);
    } else {
        if (!take_char(&text, ' ') && !take_char(&text, 'T') && !take_char(&text, 't'))
            return false;
        if (!take_time(&text, false, &clock_ms) || *text != '\0')
            return false;
        int64_t local_s = day * SECONDS_PER_DAY + clock_ms / 1000;
        time_ms = (zone_is_utc ? local_s : instant_of_local(local_s)) * 1000 + clock_ms % 1000;
    }
    if (!time_in_range(time_ms))
        return false;
    *ret_ms = time_ms;
    return true;
}
