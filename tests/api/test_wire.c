/* test_wire.c: hostile and unusual bytes on the wire.
 *
 * What the library gets wrong, or leaves to us, and where it is tested; rows of `hostiles` begin
 * with their number.
 *   L1  length and chunked together       L2  several lengths         L3  space before the colon
 *   L4  hosts, bytes of the target        L5  unknown codings         L6  lengths that overflow
 *   L7  %00 and %2e in paths              L8  NUL, bare LF, folding   L9  replies told twice
 *   L10 methods and versions: all `hostiles`, and test_checks in tests/unit/test_gate.c
 *   L11 slow clients: test_slow*, test_slow_reader (test_wire_load.c), all of test_wire_crowd.c,
 *       test_slow_clients (tests/faults/test_daemon_load.c), scripts/slow_clients
 *   L12 stopping: test_stop_* (test_wire_load.c), test_stop_under_load (test_daemon_load.c)
 *   L13 suspended and resumed: test_pipelined, test_resumed_together, under --sanitize=thread
 *   L14 clients that have gone: test_gone_*, test_half_closed*
 *   L15 memory: test_inflight_budget, test_untaken_answers, test_answer_too_big
 *   L16 what the library logs: log_line() escapes it, tests/unit/test_log.c
 *   L17 100-continue, chunks: test_100_continue, test_chunked, `hostiles`
 *   L18 multipart is refused: media_type (test_errors.c), its post kept: test_journal.c
 *   L19 the library's websockets are not linked: meson.build
 *   L20 k x 128 connections at once: test_stall, test_many_at_once (test_daemon_load.c)
 * JSON (duplicate keys, NUL, surrogates, byte order marks, huge numbers, depth):
 * tests/unit/test_json_in.c, and over HTTP malformed_body in test_errors.c. */
#include "server/http/listen.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct wire wire;

static void set_up(void)
{
    wire_init(&wire);
    wire_start(&wire);
}

static void tear_down(void)
{
    wire_stop(&wire);
}

/* ---- One table of bytes and what they must lead to ---- */

#define HOST "Host: a\r\n"
#define OK5 "Content-Length: 5\r\n\r\nhello"
#define BYTES(text) text, sizeof(text) - 1

/* Every refusal ends the connection: nothing after it may be read as a request. */
static const struct hostile {
    const char *name;
    const char *bytes;
    size_t length;
    int status; /* of the first answer; 0: closed without one */
    bool kept;  /* the connection goes on */
} hostiles[] = {
    { "L0 plain", BYTES("POST /echo HTTP/1.1\r\n" HOST OK5), 200, true },
    { "L1 length and chunked",
      BYTES("POST /echo HTTP/1.1\r\n" HOST
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      400, false },
    { "L1 chunked and length",
      BYTES("POST /echo HTTP/1.1\r\n" HOST
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
      400, false },
    { "L2 two lengths",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
      400, false },
    { "L2 the same length twice", BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" OK5),
      400, false },
    { "L2 a list of lengths",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\nhello"), 400, false },
    { "L3 space before the colon",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length : 5\r\n\r\nhello"), 400, false },
    { "L3 tab before the colon",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length\t: 5\r\n\r\nhello"), 400, false },
    { "L3 space before the colon of TE",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), 400,
      false },
    { "L4 no host", BYTES("GET /get HTTP/1.1\r\n\r\n"), 400, false },
    { "L4 two hosts", BYTES("GET /get HTTP/1.1\r\n" HOST HOST "\r\n"), 400, false },
    { "a host with more in it", BYTES("GET /get HTTP/1.1\r\nHost: a@b/c\r\n\r\n"), 400, false },
    { "a host with a blank", BYTES("GET /get HTTP/1.1\r\nHost: a b\r\n\r\n"), 400, false },
    { "an address with its port", BYTES("GET /get HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 200, true },
    { "L4 two hosts that differ", BYTES("GET /get HTTP/1.1\r\n" HOST "Host: b\r\n\r\n"), 400,
      false },
    { "L4 space in the target", BYTES("GET /get x HTTP/1.1\r\n" HOST "\r\n"), 400, false },
    { "L4 tab in the target", BYTES("GET /get\tx HTTP/1.1\r\n" HOST "\r\n"), 400, false },
    { "L4 high byte in the target", BYTES("GET /get\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n"), 400,
      false },
    { "L4 DEL in the target", BYTES("GET /get\x7f HTTP/1.1\r\n" HOST "\r\n"), 400, false },
    { "L4 control byte in the query", BYTES("GET /get?a=\x01 HTTP/1.1\r\n" HOST "\r\n"), 400,
      false },
    { "L4 an absolute target", BYTES("GET http://a/get HTTP/1.1\r\n" HOST "\r\n"), 400, false },
    { "L4 an asterisk", BYTES("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 400, false },
    { "L5 xchunked",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 400,
      false },
    { "L5 gzip, chunked",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
      400, false },
    { "L5 identity", BYTES("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n"),
      400, false },
    { "L5 chunked twice",
      BYTES("POST /echo HTTP/1.1\r\n" HOST
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      400, false },
    { "L5 chunked in HTTP/1.0",
      BYTES("POST /echo HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400,
      false },
    { "L5 chunked with more",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"), 400,
      false },
    { "L5 chunked, in capitals",
      BYTES("POST /echo HTTP/1.1\r\n" HOST
            "Transfer-Encoding: CHUNKED\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
      200, true },
    { "L6 the largest length",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551615\r\n\r\nx"), 400,
      false },
    { "L6 larger than it",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551621\r\n\r\nhello"),
      413, false },
    { "L6 16 digits",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0000000000000005\r\n\r\nhello"), 400,
      false },
    { "L6 15 digits",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 999999999999999\r\n\r\nx"), 413,
      false },
    { "L6 a length with a sign inside",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5_0\r\n\r\nhello"), 400, false },
    { "L6 a negative length",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: -5\r\n\r\nhello"), 400, false },
    { "L6 a signed length", BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nhello"),
      400, false },
    { "L6 a hexadecimal length",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\nhello"), 400, false },
    { "L6 an empty length", BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\nhello"),
      400, false },
    { "L7 %00 in the path", BYTES("GET /get%00b HTTP/1.1\r\n" HOST "\r\n"), 400, true },
    { "L7 %00 after a slash", BYTES("GET /info/a%00b HTTP/1.1\r\n" HOST "\r\n"), 400, true },
    { "L7 a broken escape", BYTES("GET /info/%zz HTTP/1.1\r\n" HOST "\r\n"), 400, true },
    { "L7 not UTF-8", BYTES("GET /info/%ff HTTP/1.1\r\n" HOST "\r\n"), 400, true },
    { "L7 %2e%2e%2f does not climb", BYTES("GET /info/%2e%2e%2fget HTTP/1.1\r\n" HOST "\r\n"), 200,
      true },
    { "L7 ../ does not climb", BYTES("GET /info/../get HTTP/1.1\r\n" HOST "\r\n"), 404, true },
    { "L8 an empty name, which the library hides",
      BYTES("GET /get HTTP/1.1\r\n" HOST ": x\r\n\r\n"), 200, true },
    { "L8 a NUL in a value, which it hides too",
      BYTES("GET /info?x HTTP/1.1\r\n" HOST "A: x\0y\r\n\r\n"), 200, true },
    { "L8 a folded line", BYTES("GET /get HTTP/1.1\r\n" HOST "A: x\r\n y\r\n\r\n"), 200, true },
    { "L8 a folded length, which the library adds to the name",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length:\r\n 29\r\n\r\n"
            "GET /get HTTP/1.1\r\nHost: a\r\n\r\n"),
      400, false },
    { "L8 half a length, folded",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n 5\r\n\r\nhello"), 400, false },
    { "L8 a folded coding beside a length",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n chunked\r\n" OK5), 400, false },
    { "L8 a folded Idempotency-Key",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Idempotency-Key:\r\n a\r\n" OK5), 400, false },
    { "L8 bare line feeds", BYTES("GET /get HTTP/1.1\nHost: a\n\n"), 200, true },
    { "L8 a name that is no token", BYTES("GET /get HTTP/1.1\r\n" HOST "a(b: x\r\n\r\n"), 400,
      false },
    { "L8 a control byte in a value", BYTES("GET /get HTTP/1.1\r\n" HOST "A: x\x01y\r\n\r\n"), 400,
      false },
    { "L8 a line without a colon", BYTES("GET /get HTTP/1.1\r\n" HOST "nonsense\r\n\r\n"), 400,
      false },
    { "L9 no version", BYTES("GET /get\r\n" HOST "\r\n"), 400, false },
    { "L9 nonsense for a version", BYTES("GET /get HTTQ/1.1\r\n" HOST "\r\n"), 400, false },
    { "L10 TRACE", BYTES("TRACE /get HTTP/1.1\r\n" HOST "\r\n"), 405, true },
    { "L10 CONNECT", BYTES("CONNECT /get HTTP/1.1\r\n" HOST "\r\n"), 405, true },
    { "L10 lower case", BYTES("get /get HTTP/1.1\r\n" HOST "\r\n"), 405, true },
    { "L10 a made-up method", BYTES("BREW /get HTTP/1.1\r\n" HOST "\r\n"), 405, true },
    { "L10 HTTP/1.0 with two hosts", BYTES("GET /get HTTP/1.0\r\n" HOST HOST "\r\n"), 400, false },
    { "L10 http/1.1 in small letters", BYTES("GET /get http/1.1\r\n" HOST "\r\n"), 400, false },
    { "L10 HTTP/1.2", BYTES("GET /get HTTP/1.2\r\n" HOST "\r\n"), 505, false },
    { "L10 HTTP/2.0", BYTES("GET /get HTTP/2.0\r\n" HOST "\r\n"), 505, false },
    { "L10 HTTP/0.9", BYTES("GET /get HTTP/0.9\r\n" HOST "\r\n"), 505, false },
    { "L17 another expectation", BYTES("POST /echo HTTP/1.1\r\n" HOST "Expect: tea\r\n" OK5), 417,
      false },
    { "L17 a chunk without a size",
      BYTES("POST /echo HTTP/1.1\r\n" HOST
            "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"),
      400, false },
    { "L17 a chunk longer than said",
      BYTES("POST /echo HTTP/1.1\r\n" HOST
            "Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n"),
      400, false },
    { "two Authorization",
      BYTES("GET /get HTTP/1.1\r\n" HOST "Authorization: a\r\nAuthorization: b\r\n\r\n"), 400,
      false },
    { "two Content-Type",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Content-Type: a\r\nContent-Type: b\r\n" OK5), 400,
      false },
    { "two Idempotency-Key",
      BYTES("POST /echo HTTP/1.1\r\n" HOST "Idempotency-Key: a\r\nIdempotency-Key: b\r\n" OK5), 400,
      false },
    { "two If-Match", BYTES("POST /echo HTTP/1.1\r\n" HOST "If-Match: a\r\nIF-MATCH: b\r\n" OK5),
      400, false },
    { "a body above the route's limit",
      BYTES("POST /small HTTP/1.1\r\n" HOST "Content-Length: 17\r\n\r\n12345678901234567"), 413,
      false },
    { "a body at the route's limit",
      BYTES("POST /small HTTP/1.1\r\n" HOST "Content-Length: 16\r\n\r\n1234567890123456"), 200,
      true },
    { "chunks above the route's limit",
      BYTES("POST /small HTTP/1.1\r\n" HOST
            "Transfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n9\r\n123456789\r\n0\r\n\r\n"),
      413, false },
    { "denied, with a small body", BYTES("POST /denied HTTP/1.1\r\n" HOST OK5), 401, true },
    { "denied, before the body",
      BYTES("POST /denied HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"),
      401, false },
    { "denied, chunked",
      BYTES("POST /denied HTTP/1.1\r\n" HOST
            "Transfer-Encoding: chunked\r\n\r\n26\r\nGET /get HTTP/1.1\r\nHost: a\r\n\r\n"),
      401, false },
};

START_TEST(test_hostile)
{
    const struct hostile *row = &hostiles[_i];
    struct client client;
    struct answer answer;
    client_open(&client, &wire);
    client_send(&client, row->bytes, row->length);
    ck_assert_msg(client_answer(&client, true, 3000, &answer), "%s: no answer", row->name);
    ck_assert_msg(answer.status == row->status, "%s: %d\n%s", row->name, answer.status,
                  answer.body);
    if (row->kept) {
        client_expect(&client, "GET /info?after HTTP/1.1\r\n" HOST "\r\n", 200, &answer);
        ck_assert_msg(strstr(answer.body, "|/info|after|"), "%s: %s", row->name, answer.body);
    } else {
        /* L9: the library's own replies say it twice; they are one reply all the same. */
        bool once = strstr(answer.body, "HTTP/1.") == NULL;
        ck_assert_msg(answer.close || !once, "%s: not announced\n%s", row->name, answer.head);
        ck_assert_msg(client_is_closed(&client, 3000), "%s: stayed open", row->name);
        if (client.length > 0)
            ck_assert_msg(!strstr(client.data, " 200 "), "%s: the body was taken for a request",
                          row->name);
    }
    client_close(&client);
}
END_TEST

/* ---- Sizes ---- */

static void send_padded(struct client *client, const char *before, size_t padding,
                        const char *after)
{
    char pad[1024];
    memset(pad, 'p', sizeof(pad));
    client_text(client, before);
    for (; padding > 0; padding -= padding < sizeof(pad) ? padding : sizeof(pad))
        client_send(client, pad, padding < sizeof(pad) ? padding : sizeof(pad));
    client_text(client, after);
}

START_TEST(test_sizes)
{
    static const struct {
        const char *before;
        size_t padding;
        const char *after;
        int status, or_status;
    } rows[] = {
        { "GET /get?", 2048 - 5, " HTTP/1.1\r\n" HOST "\r\n", 200, 200 },
        { "GET /get?", 2048 - 4, " HTTP/1.1\r\n" HOST "\r\n", 414, 414 },
        { "GET /get?", 20000, " HTTP/1.1\r\n" HOST "\r\n", 414, 414 },
        { "GET /get?", 100000, " HTTP/1.1\r\n" HOST "\r\n", 414, 431 },
        { "GET /get HTTP/1.1\r\n" HOST "A: ", 16384, "\r\n\r\n", 200, 200 },
        { "GET /get HTTP/1.1\r\n" HOST "A: ", 28000, "\r\n\r\n", 431, 431 },
        { "GET /get HTTP/1.1\r\n" HOST "A: ", 31000, "\r\n\r\n", 431, 431 },
        { "GET /get HTTP/1.1\r\n" HOST "A: ", 32000, "\r\n\r\n", 431, 431 },
        { "GET /get HTTP/1.1\r\n" HOST "A: ", 32600, "\r\n\r\n", 431, 431 },
        { "GET /get HTTP/1.1\r\n" HOST "A: ", 200000, "\r\n\r\n", 431, 431 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct client client;
        struct answer answer;
        client_open(&client, &wire);
        send_padded(&client, rows[i].before, rows[i].padding, rows[i].after);
        ck_assert_msg(client_answer(&client, true, 3000, &answer), "row %zu: no answer", i);
        ck_assert_msg(answer.status == rows[i].status || answer.status == rows[i].or_status,
                      "row %zu: %d", i, answer.status);
        client_close(&client);
    }
}
END_TEST

START_TEST(test_header_count)
{
    for (int count = 63; count <= 64; count++) {
        struct client client;
        struct answer answer;
        client_open(&client, &wire);
        client_text(&client, "GET /get HTTP/1.1\r\n" HOST);
        for (int i = 0; i < count; i++)
            client_text(&client, "A: b\r\n");
        client_expect(&client, "\r\n", count == 63 ? 200 : 400, &answer);
        client_close(&client);
    }
}
END_TEST

/* ---- What must work ---- */

START_TEST(test_reply_headers)
{
    struct client client;
    struct answer answer;
    client_open(&client, &wire);
    client_expect(&client, "GET /get HTTP/1.1\r\n" HOST "X-Request-Id: abc-1.2_3\r\n\r\n", 200,
                  &answer);
    ck_assert_str_eq(answer.body, "hello");
    ck_assert_ptr_nonnull(strstr(answer.head, "X-Request-Id: abc-1.2_3\r\n"));
    ck_assert_ptr_nonnull(strstr(answer.head, "Cache-Control: no-store\r\n"));
    ck_assert_ptr_nonnull(strstr(answer.head, "X-Content-Type-Options: nosniff\r\n"));
    ck_assert_ptr_nonnull(strstr(answer.head, "Referrer-Policy: no-referrer\r\n"));
    ck_assert_ptr_nonnull(strstr(answer.head, "Content-Security-Policy: default-src 'none'; "
                                              "frame-ancestors 'none'\r\n"));
    ck_assert_ptr_nonnull(strstr(answer.head, "Content-Type: text/plain\r\n"));
    ck_assert_ptr_null(strstr(answer.head, "Server:"));
    /* An id that could break a log line is replaced. */
    client_expect(&client, "GET /get HTTP/1.1\r\n" HOST "X-Request-Id: a b\"\r\n\r\n", 200,
                  &answer);
    const char *id = strstr(answer.head, "X-Request-Id: ");
    ck_assert_ptr_nonnull(id);
    ck_assert_int_eq((int)strcspn(id + 14, "\r"), 36);
    client_expect(&client, "HEAD /get HTTP/1.1\r\n" HOST "\r\n", 200, &answer);
    ck_assert_ptr_nonnull(strstr(answer.head, "Content-Length: 5\r\n"));
    client_expect(&client, "GET /204 HTTP/1.1\r\n" HOST "\r\n", 204, &answer);
    ck_assert_ptr_null(strstr(answer.head, "\r\nContent-Type"));
    /* The client has it already, with all that was said of it. */
    client_expect(&client, "GET /304 HTTP/1.1\r\n" HOST "\r\n", 304, &answer);
    ck_assert_ptr_nonnull(strstr(answer.head, "Cache-Control: no-store\r\n"));
    ck_assert_ptr_nonnull(strstr(answer.head, "X-Request-Id: "));
    ck_assert_ptr_null(strstr(answer.head, "Content-Security-Policy"));
    client_expect(&client, "DELETE /get HTTP/1.1\r\n" HOST "\r\n", 405, &answer);
    ck_assert_ptr_nonnull(strstr(answer.head, "Allow: GET, HEAD\r\n"));
    client_expect(&client, "get /later HTTP/1.1\r\n" HOST "\r\n", 405, &answer);
    ck_assert_ptr_nonnull(strstr(answer.head, "Allow: GET, HEAD, POST\r\n"));
    client_expect(&client, "GET /get HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 200, &answer);
    ck_assert(answer.close);
    ck_assert(client_is_closed(&client, 3000));
    client_close(&client);
}
END_TEST

START_TEST(test_target)
{
    static const struct {
        const char *target, *seen;
    } rows[] = {
        { "/info", "GET|/info||127.0.0.1|0" },
        { "/info?", "GET|/info||127.0.0.1|0" },
        { "/info?a=%41&b=1+2?c", "GET|/info|a=%41&b=1+2?c|127.0.0.1|0" },
        { "/info/%41%2fb?x", "GET|/info/%41%2fb|x|127.0.0.1|0" },
    };
    struct client client;
    struct answer answer;
    client_open(&client, &wire);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[200];
        snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" HOST "\r\n", rows[i].target);
        client_expect(&client, text, 200, &answer);
        ck_assert_str_eq(answer.body, rows[i].seen);
    }
    client_close(&client);
}
END_TEST

START_TEST(test_http_1_0)
{
    struct client client;
    struct answer answer;
    client_open(&client, &wire);
    client_expect(&client, "GET /get HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200, &answer);
    client_expect(&client, "POST /echo HTTP/1.0\r\n" OK5, 200, &answer);
    ck_assert_str_eq(answer.body, "hello");
    ck_assert(client_is_closed(&client, 3000));
    client_close(&client);
}
END_TEST

START_TEST(test_chunked)
{
    struct client client;
    struct answer answer;
    client_open(&client, &wire);
    client_expect(&client,
                  "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                  "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n",
                  200, &answer);
    ck_assert_str_eq(answer.body, "hello world");
    /* Byte by byte, in the kernel's own time. */
    const char *text =
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for (const char *byte = text; *byte; byte++)
        client_send(&client, byte, 1);
    ck_assert(client_answer(&client, true, 3000, &answer));
    ck_assert_str_eq(answer.body, "abc");
    client_close(&client);
}
END_TEST

START_TEST(test_pipelined)
{
    struct client client;
    struct answer answer;
    client_open(&client, &wire);
    client_text(&client, "POST /later HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n1"
                         "GET /get HTTP/1.1\r\n" HOST "\r\n"
                         "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n2"
                         "GET /later HTTP/1.1\r\n" HOST "\r\n"
                         "POST /later HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n3");
    static const char *const bodies[] = { "1", "hello", "2", "", "3" };
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        ck_assert(client_answer(&client, true, 3000, &answer));
        ck_assert_str_eq(answer.body, bodies[i]);
    }
    client_close(&client);
}
END_TEST

/* As curl does with a body of 1 MiB. */
START_TEST(test_100_continue)
{
    enum { BYTES_ = 1024 * 1024 };
    struct client client;
    struct answer answer;
    client_open(&client, &wire);
    client_text(&client, "POST /echo HTTP/1.1\r\n" HOST
                         "Content-Length: 1048576\r\nExpect: 100-continue\r\n\r\n");
    ck_assert(client_answer(&client, true, 3000, &answer));
    ck_assert_int_eq(answer.status, 100);
    char *body = malloc(BYTES_);
    memset(body, 'b', BYTES_);
    client_send(&client, body, BYTES_);
    free(body);
    ck_assert(client_answer(&client, true, 5000, &answer));
    ck_assert_int_eq(answer.status, 200);
    ck_assert_uint_eq(answer.body_bytes, BYTES_);
    /* One byte more is refused before it is sent. */
    client_expect(&client,
                  "POST /echo HTTP/1.1\r\n" HOST
                  "Content-Length: 1048577\r\nExpect: 100-continue\r\n\r\n",
                  413, &answer);
    ck_assert(client_is_closed(&client, 3000));
    client_close(&client);
}
END_TEST

/* The reply is not lost in the reset that an early close would cause. */
START_TEST(test_refused_while_sending)
{
    struct client client;
    struct answer answer;
    client_open(&client, &wire);
    client_text(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4000000\r\n\r\n");
    char part[65536];
    memset(part, 'x', sizeof(part));
    for (int i = 0; i < 30; i++)
        client_send(&client, part, sizeof(part));
    ck_assert(client_answer(&client, true, 3000, &answer));
    ck_assert_int_eq(answer.status, 413);
    ck_assert(answer.close);
    client_close(&client);
}
END_TEST

START_TEST(test_inflight_budget)
{
    struct client full, client;
    struct answer answer;
    wire_hold(&wire);
    client_open(&full, &wire);
    client_open(&client, &wire);
    char *body = malloc(1024 * 1024);
    memset(body, 'b', 1024 * 1024);
    client_text(&full, "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n");
    client_send(&full, body, 1024 * 1024);
    free(body);
    wait_until(atomic_load(&wire.submitted) == 1);
    client_expect(&client, "POST /echo HTTP/1.1\r\n" HOST OK5, 503, &answer);
    ck_assert_ptr_nonnull(strstr(answer.head, "Retry-After: 1\r\n"));
    client_close(&client);
    client_open(&client, &wire);
    client_expect(&client,
                  "POST /echo HTTP/1.1\r\n" HOST
                  "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                  503, &answer);
    client_close(&client);
    client_open(&client, &wire);
    client_expect(&client, "GET /get HTTP/1.1\r\n" HOST "\r\n", 200, &answer);
    wire_release(&wire);
    ck_assert(client_answer(&full, true, 3000, &answer));
    ck_assert_uint_eq(answer.body_bytes, 1024 * 1024);
    wait_until(atomic_load(&wire.ended) == atomic_load(&wire.headers));
    client_expect(&client, "POST /echo HTTP/1.1\r\n" HOST OK5, 200, &answer);
    client_close(&client);
    client_close(&full);
}
END_TEST

static size_t resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%*d %ld", &pages), 1);
    fclose(file);
    return (size_t)pages * 4096;
}

/* Bodies take no more memory than they are counted for: not what they outgrow while they come. */
START_TEST(test_inflight_memory)
{
    enum { CLIENTS = 100, BODY = 1000 * 1000, SENT = 900 * 1000, BUDGET = 32 * 1024 * 1024 };
    static struct client clients[CLIENTS];
    if (TEST_SLOWNESS > 1) {
        printf("SKIP: a sanitizer has an allocator of its own\n");
        return;
    }
    char *body = calloc(1, SENT);
    wire_init(&wire);
    wire.config.inflight_max_mib = BUDGET / 1024 / 1024;
    wire_start(&wire);
    size_t before = resident_bytes();
    for (int i = 0; i < CLIENTS; i++) {
        client_open(&clients[i], &wire);
        client_text(&clients[i], _i == 0 ? "POST /echo HTTP/1.1\r\n" HOST
                                           "Content-Length: 1000000\r\n\r\n"
                                         : "POST /echo HTTP/1.1\r\n" HOST
                                           "Transfer-Encoding: chunked\r\n\r\nF4240\r\n");
        client_send(&clients[i], body, SENT);
    }
    usleep(200 * 1000);
    ck_assert_uint_lt(resident_bytes() - before, BUDGET + BUDGET / 2);
    for (int i = 0; i < CLIENTS; i++)
        client_close(&clients[i]);
    free(body);
    wire_stop(&wire);
}
END_TEST

/* ---- The control socket ---- */

START_TEST(test_control)
{
    char folder[] = "/tmp/wire-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/control.sock", folder);
    for (int round = 0; round < 2;
         round++) { /* the second finds what the first would have left in a crash */
        wire_init(&wire);
        wire.config.listen = "";
        wire.control_path = path;
        wire_start(&wire);
        ck_assert_str_eq(http_address(wire.server), "");
        struct stat status;
        ck_assert_int_eq(stat(path, &status), 0);
        ck_assert_uint_eq(status.st_mode & 0777, 0600);
        struct client client;
        struct answer answer;
        client_open_unix(&client, path);
        client_expect(&client, "GET /info HTTP/1.1\r\n" HOST "\r\n", 200, &answer);
        ck_assert_str_eq(answer.body, "GET|/info|||1");
        client_expect(&client, "POST /later HTTP/1.1\r\n" HOST OK5, 200, &answer);
        client_close(&client);
        wire_stop(&wire);
        ck_assert_int_ne(access(path, F_OK), 0);
        if (round == 0) { /* a leftover socket */
            struct arena arena = { 0 };
            struct ctx ctx = { .arena = &arena };
            int fd = -1;
            ck_assert_int_eq(listen_unix(&ctx, path, &fd), OK);
            close(fd);
            ck_assert_int_eq(access(path, F_OK), 0);
            arena_free(&arena);
        }
    }
    rmdir(folder);
}
END_TEST

START_TEST(test_addresses)
{
    static const struct {
        const char *listen;
        bool good;
        const char *begins;
    } rows[] = {
        { "127.0.0.1:0", true, "127.0.0.1:" },
        { "localhost:0", true, "" },
        { "127.0.0.1", false, "" },
        { "8080", false, "" },
        { ":8080", false, "" },
        { "127.0.0.1:x", false, "" },
        { "127.0.0.1:99999", false, "" },
        { "::1:8080", false, "" },
        { "[]:8080", false, "" },
        { "192.0.2.1:0", false, "" },
        { "[::1]:0", true, "[::1]:" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        wire_init(&wire);
        wire.config.listen = rows[i].listen;
        struct arena arena = { 0 };
        struct ctx ctx = { .arena = &arena };
        struct http_app app = { .self = &wire,
                                .thread_open = wire_thread_open,
                                .thread_close = wire_thread_close };
        struct http_server *server = NULL;
        enum err err = http_start(&ctx, &wire.config, NULL, &app, &server);
        if (rows[i].good && err != OK && strchr(rows[i].listen, '['))
            err = OK; /* a machine without IPv6 */
        ck_assert_msg((err == OK) == rows[i].good, "%s: %s", rows[i].listen, ctx.failure.detail);
        if (err != OK)
            ck_assert_int_eq(err, ERR_CONFIG);
        if (server)
            ck_assert_int_eq(strncmp(http_address(server), rows[i].begins, strlen(rows[i].begins)),
                             0);
        http_stop(server, 0);
        arena_free(&arena);
    }
    /* Taken. */
    wire_init(&wire);
    wire_start(&wire);
    struct config config = wire.config;
    config.listen = http_address(wire.server);
    struct ctx ctx = { .arena = &wire.arena };
    struct http_app app = { .self = &wire,
                            .thread_open = wire_thread_open,
                            .thread_close = wire_thread_close };
    struct http_server *server = NULL;
    ck_assert_int_eq(http_start(&ctx, &config, NULL, &app, &server), ERR_CONFIG);
    wire_stop(&wire);
}
END_TEST

static void *open_fails(void *self)
{
    (void)self;
    return NULL;
}

START_TEST(test_thread_open_fails)
{
    wire_init(&wire);
    struct arena arena = { 0 };
    struct ctx ctx = { .arena = &arena };
    struct http_app app = { .self = &wire,
                            .thread_open = open_fails,
                            .thread_close = wire_thread_close };
    struct http_server *server = NULL;
    ck_assert_int_ne(http_start(&ctx, &wire.config, NULL, &app, &server), OK);
    ck_assert_ptr_null(server);
    arena_free(&arena);
}
END_TEST

static void set_up_small(void)
{
    wire_init(&wire);
    wire.config.inflight_max_mib = 1;
    wire_start(&wire);
}

void wire_tests(Suite *suite)
{
    TCase *bytes = tcase_create("bytes");
    tcase_add_checked_fixture(bytes, set_up, tear_down);
    tcase_set_timeout(bytes, 60);
    tcase_add_loop_test(bytes, test_hostile, 0, ARRAY_SIZE(hostiles));
    tcase_add_test(bytes, test_sizes);
    tcase_add_test(bytes, test_header_count);
    tcase_add_test(bytes, test_reply_headers);
    tcase_add_test(bytes, test_target);
    tcase_add_test(bytes, test_http_1_0);
    tcase_add_test(bytes, test_chunked);
    tcase_add_test(bytes, test_pipelined);
    tcase_add_test(bytes, test_100_continue);
    tcase_add_test(bytes, test_refused_while_sending);
    suite_add_tcase(suite, bytes);

    TCase *budget = tcase_create("budget");
    tcase_add_checked_fixture(budget, set_up_small, tear_down);
    tcase_set_timeout(budget, 60);
    tcase_add_test(budget, test_inflight_budget);
    suite_add_tcase(suite, budget);

    TCase *sockets = tcase_create("sockets");
    tcase_set_timeout(sockets, 60);
    tcase_add_loop_test(sockets, test_inflight_memory, 0, 2);
    tcase_add_test(sockets, test_control);
    tcase_add_test(sockets, test_addresses);
    tcase_add_test(sockets, test_thread_open_fails);
    suite_add_tcase(suite, sockets);
}
