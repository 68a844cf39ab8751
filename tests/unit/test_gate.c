/* test_gate.c: the header gate by itself; tests/api/test_wire.c sends the same over sockets. */
#include "unit_http.h"

#include "server/http/gate.h"

static enum err check(const char *target, const char *version, const char *const *headers)
{
    struct gate gate = { .target = target, .target_bytes = strlen(target), .version = version };
    for (size_t i = 0; headers[i]; i += 2)
        gate_header(&gate, headers[i], strlen(headers[i]), headers[i + 1], strlen(headers[i + 1]));
    failure_clear(&ctx);
    enum err err = gate_check(&ctx, &gate);
    ck_assert_int_eq(ctx.failure.err, err);
    return err;
}

#define HEADERS(...)                                                                               \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

START_TEST(test_checks)
{
    ck_assert_int_eq(check("/", "HTTP/1.1", HEADERS("Host", "a")), OK);
    ck_assert_int_eq(check("/", "HTTP/1.0", HEADERS("A", "a")), OK);
    ck_assert_int_eq(check("/", "HTTP/1.0", HEADERS("Host", "a", "host", "b")), ERR_MALFORMED);
    ck_assert_int_eq(check("/", "http/1.1", HEADERS("Host", "a")), ERR_HTTP_VERSION);
    ck_assert_int_eq(check("/", "", HEADERS("Host", "a")), ERR_HTTP_VERSION);
    ck_assert_int_eq(check("", "HTTP/1.1", HEADERS("Host", "a")), ERR_MALFORMED);
    ck_assert_int_eq(check("/", "HTTP/1.1", HEADERS("Host", "a", "", "x")), ERR_MALFORMED);
    ck_assert_int_eq(check("/", "HTTP/1.1", HEADERS("Host", "a", "a b", "x")), ERR_MALFORMED);
    ck_assert_int_eq(check("/", "HTTP/1.1", HEADERS("Host", "a", "A", "x\ty")), OK);
    ck_assert_int_eq(check("/", "HTTP/1.1", HEADERS("Host", "a", "A", "\xc3\xa4")), OK);
    ck_assert_int_eq(check("/", "HTTP/1.1", HEADERS("Host", "a", "A", "x\ry")), ERR_MALFORMED);
    ck_assert_int_eq(
        check("/", "HTTP/1.1", HEADERS("Host", "a", "CONTENT-LENGTH", "1", "content-length", "1")),
        ERR_MALFORMED);
    /* How the library shows a folded line. */
    ck_assert_int_eq(check("/", "HTTP/1.1", HEADERS("Host", "a", "content-length17", "")),
                     ERR_MALFORMED);
    ck_assert_int_eq(check("/", "HTTP/1.1", HEADERS("Host", "a", "Transfer-Encodingked", "chun")),
                     ERR_MALFORMED);
    ck_assert_int_eq(check("/", "HTTP/1.1", HEADERS("Host", "a", "Content-Lengt", "1")), OK);
    ck_assert_int_eq(check("/", "HTTP/1.1", HEADERS("Host", "a", "Expect", "100-Continue")), OK);
    ck_assert_int_eq(check("/", "HTTP/1.1", HEADERS("Host", "a", "Expect", "")), ERR_EXPECTATION);
}
END_TEST

/* Wherever the byte stands, and whatever stands before it. */
START_TEST(test_each_byte_everywhere)
{
    for (int byte = 1; byte < 256; byte++)
        for (size_t at = 0; at < 20; at++) {
            char value[] = "aaaa\xc3\xa4\taaaaaaaaaaaaa", plain[] = "aaaaaaaaaaaaaaaaaaaa";
            char target[] = "/aaaaaaaaaaaaaaaaaaaa";
            value[at] = plain[at] = target[at + 1] = (char)byte;
            bool clean = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
            bool graph = byte > 0x20 && byte < 0x7f;
            enum err wanted = clean ? OK : ERR_MALFORMED;
            ck_assert_int_eq(check("/", "HTTP/1.1", HEADERS("Host", "a", "A", value)), wanted);
            ck_assert_int_eq(check("/", "HTTP/1.1", HEADERS("Host", "a", "A", plain)), wanted);
            ck_assert_int_eq(check(target, "HTTP/1.1", HEADERS("Host", "a")),
                             graph ? OK : ERR_MALFORMED);
        }
}
END_TEST

/* RFC 3986, and a port. */
START_TEST(test_host)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "-._~!$&'()*+,;=%:[]";
    for (int byte = 1; byte < 256; byte++) {
        const char host[] = { 'a', (char)byte, 'a', '\0' };
        ck_assert_int_eq(check("/", "HTTP/1.1", HEADERS("Host", host)),
                         strchr(allowed, byte) ? OK : ERR_MALFORMED);
    }
}
END_TEST

START_TEST(test_body)
{
    struct gate gate = { 0 };
    ck_assert_int_eq(gate_body_bytes(&gate), 0);
    ck_assert(!gate_is_chunked(&gate));
    gate_header(&gate, "Content-Length", 14, "999999999999999", 15);
    ck_assert_int_eq(gate_body_bytes(&gate), 999999999999999);
}
END_TEST

void gate_tests(Suite *suite)
{
    TCase *tcase = tcase_create("gate");
    tcase_add_checked_fixture(tcase, ctx_start, ctx_done);
    tcase_add_test(tcase, test_checks);
    tcase_add_test(tcase, test_each_byte_everywhere);
    tcase_add_test(tcase, test_host);
    tcase_add_test(tcase, test_body);
    suite_add_tcase(suite, tcase);
}
