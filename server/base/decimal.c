/* decimal.c: numbers with up to six decimals as whole millionths. What is exact on paper stays
 * exact: nothing here is a binary fraction. */
#include <funneld/base.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DECIMALS = 6, EXPONENT_DIGITS_MAX = 3 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The digits as one whole number, and how many of them stand behind the point. */
static bool take_digits(const char **text, int64_t *ret_digits, int *ret_decimals)
{
    const char *at = *text;
    int64_t digits = 0;
    int decimals = 0;
    bool point = false;
    for (; is_digit(*at) || (*at == '.' && !point); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        if (digits > (INT64_MAX - 9) / 10)
            return false;
        digits = digits * 10 + (*at - '0');
        decimals += point;
    }
    if (at == *text || !is_digit(**text) || !is_digit(at[-1]))
        return false;
    *text = at;
    *ret_digits = digits;
    *ret_decimals = decimals;
    return true;
}

static bool take_exponent(const char **text, int *ret)
{
    *ret = 0;
    if (**text != 'e' && **text != 'E')
        return true;
    const char *at = *text + 1;
    bool negative = *at == '-';
    at += negative || *at == '+';
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || digits > EXPONENT_DIGITS_MAX)
        return false;
    *ret = (int)strtol(at, NULL, 10) * (negative ? -1 : 1);
    *text = at + digits;
    return true;
}

bool decimal_parse(const char *text, int64_t *ret)
{
    int64_t number;
    int decimals, exponent;
    bool negative = *text == '-';
    text += negative;
    if (!take_digits(&text, &number, &decimals) || !take_exponent(&text, &exponent) || *text)
        return false;
    decimals -= exponent;
    for (; number != 0 && decimals > DECIMALS; decimals--) {
        if (number % 10 != 0)
            return false;
        number /= 10;
    }
    for (; number != 0 && decimals < DECIMALS; decimals++) {
        if (number > DECIMAL_MAX / 10)
            return false;
        number *= 10;
    }
    if (number > DECIMAL_MAX)
        return false;
    *ret = negative ? -number : number;
    return true;
}

void decimal_format(int64_t number, char text[static DECIMAL_TEXT_SIZE])
{
    const char *sign = number < 0 ? "-" : "";
    int64_t size = number < 0 ? -number : number;
    int length = snprintf(text, DECIMAL_TEXT_SIZE, "%s%lld.%06lld", sign,
                          (long long)(size / DECIMAL_ONE), (long long)(size % DECIMAL_ONE));
    while (text[length - 1] == '0')
        length--;
    text[text[length - 1] == '.' ? length - 1 : length] = '\0';
}
