/* test_identity.c: which addresses and numbers are the same, and which are none. */
#include "unit.h"

#include <string.h>

#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X60 X50 X10

START_TEST(test_email_accepts)
{
    static const struct {
        const char *text, *email, *key;
    } cases[] = {
        { "ann@example.com", "ann@example.com", "ann@example.com" },
        { " \tAnn.Lee@Example.COM\n", "ann.lee@example.com", "ann.lee@example.com" },
        { "ann+News@example.com", "ann+news@example.com", "ann@example.com" },
        { "ann+a+b@example.com", "ann+a+b@example.com", "ann@example.com" },
        { "ann+@example.com", "ann+@example.com", "ann@example.com" },
        { "+tag@example.com", "+tag@example.com", "+tag@example.com" },
        { "a@b.co", "a@b.co", "a@b.co" },
        { "o'neil!#$%&*/=?^_`{|}~-@example.com", "o'neil!#$%&*/=?^_`{|}~-@example.com",
          "o'neil!#$%&*/=?^_`{|}~-@example.com" },
        { "a@sub.r3---x.example.com", "a@sub.r3---x.example.com", "a@sub.r3---x.example.com" },
        { "a@b\xc3\xbc"
          "cher.example",
          "a@xn--bcher-kva.example", "a@xn--bcher-kva.example" },
        { "a@B\xc3\x9c"
          "CHER.Example",
          "a@xn--bcher-kva.example", "a@xn--bcher-kva.example" },
        { "a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example" },
        /* u and a combining diaeresis; an ideographic full stop */
        { "a@bu\xcc\x88"
          "cher\xe3\x80\x82"
          "example",
          "a@xn--bcher-kva.example", "a@xn--bcher-kva.example" },
        /* Not transitional: sharp s stays itself in a domain. */
        { "a@fa\xc3\x9f.de", "a@xn--fa-hia.de", "a@xn--fa-hia.de" },
        /* The address keeps its letters; only the key folds them. */
        { "Stra\xc3\x9f"
          "e@example.de",
          "stra\xc3\x9f"
          "e@example.de",
          "strasse@example.de" },
        { "J\xc3\x96RG@example.de", "j\xc3\xb6rg@example.de", "j\xc3\xb6rg@example.de" },
        { "jo\xcc\x88rg@example.de", "j\xc3\xb6rg@example.de", "j\xc3\xb6rg@example.de" },
        { "J\xc3\x96rg+Tag@example.de", "j\xc3\xb6rg+tag@example.de", "j\xc3\xb6rg@example.de" },
        { "\xe6\x9d\xb1@example.jp", "\xe6\x9d\xb1@example.jp", "\xe6\x9d\xb1@example.jp" },
        /* Nobody's but who has it: not that of i@example.com. */
        { "\xc4\xb0@example.com", "\xc4\xb0@example.com", "i\xcc\x87@example.com" },
        { X60 "xxxx@example.com", X60 "xxxx@example.com", X60 "xxxx@example.com" },
        { "a@" X60 "xxx.com", "a@" X60 "xxx.com", "a@" X60 "xxx.com" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(request_done) struct request request;
        request_start(&request);
        const char *email = NULL, *key = NULL;
        enum err err = email_normalise(&request.ctx, "email", cases[i].text, &email, &key);
        ck_assert_msg(err == OK, "refused %s", cases[i].text);
        ck_assert_str_eq(email, cases[i].email);
        ck_assert_str_eq(key, cases[i].key);
        /* What is normal stays so. */
        ck_assert_int_eq(email_normalise(&request.ctx, "email", email, &email, &key), OK);
        ck_assert_str_eq(email, cases[i].email);
        ck_assert_str_eq(key, cases[i].key);
        ck_assert_int_eq(request.ctx.failure.err, OK);
    }
}
END_TEST

START_TEST(test_email_refuses)
{
    static const struct {
        const char *text, *code;
    } cases[] = {
        { "", "invalid" },
        { "   ", "invalid" },
        { "ann", "invalid" },
        { "@example.com", "invalid" },
        { "ann@", "invalid" },
        { "ann@example", "invalid" },
        { "ann@example.", "invalid" },
        { "ann@example.com.", "invalid" },
        { "ann@.com", "invalid" },
        { "ann@example..com", "invalid" },
        { "ann@-example.com", "invalid" },
        { "ann@example-.com", "invalid" },
        { "ann@exam_ple.com", "invalid" },
        { "ann@exam ple.com", "invalid" },
        { "ann@example.com\nBcc: x@y.z", "invalid" },
        { "ann@[127.0.0.1]", "invalid" },
        { "ann@bob@example.com", "invalid" },
        { "ann lee@example.com", "invalid" },
        { "\"ann\"@example.com", "invalid" },
        { "ann<b>@example.com", "invalid" },
        { "Ann <ann@example.com>", "invalid" },
        { "ann,bob@example.com", "invalid" },
        { "mailto:ann@example.com", "invalid" },
        { "a\x7f@example.com", "invalid" },
        { "a\xe9@example.com", "invalid" },
        { "a@ex\xe9mple.com", "invalid" },
        { "a\xe2\x80\x8b"
          "b@example.com",
          "invalid" }, /* zero-width space */
        { "a\xc2\xa0"
          "b@example.com",
          "invalid" },
        { "a@xn--\xff.com", "invalid" },
        { "a@xn--a.com", "invalid" },
        { "a@\xe2\x80\xae"
          "example.com",
          "invalid" }, /* right-to-left override */
        { X60 "xxxxx@example.com", "too_long" },
        { "a@" X60 "xxxx.com", "invalid" },
        { X50 "@" X60 "." X60 "." X60 "." X10 X10 ".com", "too_long" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(request_done) struct request request;
        request_start(&request);
        const char *email = "unset", *key = "unset";
        enum err err = email_normalise(&request.ctx, "contact/email", cases[i].text, &email, &key);
        ck_assert_msg(err == ERR_VALIDATION, "accepted %s", cases[i].text);
        ck_assert_str_eq(email, "unset");
        ck_assert_uint_eq(request.ctx.failure.member_count, 1);
        ck_assert_str_eq(request.ctx.failure.members[0].member, "contact/email");
        ck_assert_msg(strcmp(request.ctx.failure.members[0].code, cases[i].code) == 0, "%s: %s",
                      cases[i].text, request.ctx.failure.members[0].code);
        ck_assert_ptr_null(strstr(request.ctx.failure.detail, "bob")); /* nothing personal */
    }
}
END_TEST

START_TEST(test_email_of_any_length_ends)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    static char text[300000];
    memset(text, 'a', sizeof(text) - 1);
    text[150000] = '@';
    const char *email, *key;
    ck_assert_int_eq(email_normalise(&request.ctx, "email", text, &email, &key), ERR_VALIDATION);
    ck_assert_str_eq(request.ctx.failure.members[0].code, "too_long");
}
END_TEST

/* Wherever memory runs out, the answer says so and no result is half made. */
START_TEST(test_email_without_memory)
{
    bool succeeded = false;
    for (size_t limit = 16; !succeeded && limit < 4096; limit += 16) {
        _cleanup_(request_done) struct request request;
        request_start(&request);
        request.arena.limit_bytes = limit;
        const char *email = NULL, *key = NULL;
        enum err err = email_normalise(&request.ctx, "email",
                                       "J\xc3\x96rg+x@b\xc3\xbc"
                                       "cher.example",
                                       &email, &key);
        succeeded = err == OK;
        ck_assert(succeeded || err == ERR_MEMORY);
        ck_assert_int_eq(request.ctx.failure.err, err);
        ck_assert_int_eq(email != NULL, succeeded);
        ck_assert_int_eq(key != NULL, succeeded);
    }
    ck_assert(succeeded);
}
END_TEST

START_TEST(test_phone)
{
    static const struct {
        const char *text, *number;
    } cases[] = {
        { "+49 30 1234-5678", "+493012345678" },
        { "0049 30 12345678", "+493012345678" },
        { "+49 (0)30 / 1234.5678", "+493012345678" },
        { "(+49) 30 12345678", "+493012345678" },
        { "  +1 (415) 555-0100 ", "+14155550100" },
        { "+1\xc2\xa0"
          "415\xe2\x80\x91"
          "555\xe2\x80\x93"
          "0100",
          "+14155550100" },
        { "+12345678", "+12345678" },
        { "+123456789012345", "+123456789012345" },
        { "00123456789012345", "+123456789012345" },
        { "", NULL },
        { "+", NULL },
        { "00", NULL },
        { "030 12345678", NULL },
        { "4930123456", NULL },
        { "+1234567", NULL },
        { "+1234567890123456", NULL },
        { "001234567890123456", NULL },
        { "+049 30 123456", NULL },
        { "0000493012345", NULL },
        { "+49 30 12345 ext. 6", NULL },
        { "+49 30 1234567x", NULL },
        { "++493012345678", NULL },
        { "+49+3012345678", NULL },
        { "tel:+493012345678", NULL },
        { "+49,3012345678", NULL },
        { "+\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6\xd9\xa7\xd9\xa8", NULL },
        { "+999999999999999999999999999999999999999999", NULL },
    };
    _cleanup_(request_done) struct request request;
    request_start(&request);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *number;
        ck_assert_int_eq(phone_normalise(&request.ctx, cases[i].text, &number), OK);
        if (cases[i].number == NULL)
            ck_assert_msg(number == NULL, "accepted %s", cases[i].text);
        else
            ck_assert_pstr_eq(number, cases[i].number);
    }
}
END_TEST

/* A number that could not be read is not none: its lead would not be found by it. */
START_TEST(test_phone_without_memory)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    const char *number;
    request.arena.limit_bytes = 1;
    ck_assert_int_eq(phone_normalise(&request.ctx, "+49 30 1234-5678", &number), ERR_MEMORY);
    ck_assert_int_eq(request.ctx.failure.err, ERR_MEMORY);
}
END_TEST

void identity_tests(Suite *suite)
{
    TCase *tests = tcase_create("identity");
    tcase_add_test(tests, test_email_accepts);
    tcase_add_test(tests, test_email_refuses);
    tcase_add_test(tests, test_email_of_any_length_ends);
    tcase_add_test(tests, test_email_without_memory);
    tcase_add_test(tests, test_phone);
    tcase_add_test(tests, test_phone_without_memory);
    suite_add_tcase(suite, tests);
}
