/* test_address.c: addresses of clients and networks of them. */
#include "unit.h"

#include <string.h>

static struct address parse(const char *text)
{
    struct address address;
    ck_assert_msg(address_parse(text, strlen(text), &address), "%s", text);
    return address;
}

START_TEST(test_text)
{
    static const struct {
        const char *text, *formatted; /* NULL: no address */
    } rows[] = {
        { "192.0.2.1", "192.0.2.1" },
        { "::ffff:192.0.2.1", "192.0.2.1" },
        { "2001:DB8::1", "2001:db8::1" },
        { "::", "::" },
        { "", NULL },
        { "192.0.2", NULL },
        { "192.0.2.256", NULL },
        { "192.0.2.1 ", NULL },
        { "unknown", NULL },
        { "[::1]", NULL },
        { "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", NULL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct address address;
        char text[ADDRESS_TEXT_SIZE];
        bool good = address_parse(rows[i].text, strlen(rows[i].text), &address);
        ck_assert_msg(good == (rows[i].formatted != NULL), "%s", rows[i].text);
        if (!good)
            continue;
        address_format(&address, text);
        ck_assert_str_eq(text, rows[i].formatted);
    }
}
END_TEST

START_TEST(test_site)
{
    struct address one = parse("2001:db8:1:2:3::4"), other = parse("2001:db8:1:2:ffff::");
    one = address_site(&one);
    other = address_site(&other);
    ck_assert_mem_eq(&one, &other, sizeof one);
    other = parse("2001:db8:1:3:3::4");
    other = address_site(&other);
    ck_assert_mem_ne(&one, &other, sizeof one);
    one = parse("192.0.2.1");
    other = parse("192.0.2.2");
    one = address_site(&one);
    other = address_site(&other);
    ck_assert_mem_ne(&one, &other, sizeof one);
}
END_TEST

START_TEST(test_networks)
{
    static const struct {
        const char *networks, *address;
        bool has;
    } rows[] = {
        { "", "127.0.0.1", false },
        { "127.0.0.1", "127.0.0.1", true },
        { "127.0.0.1", "127.0.0.2", false },
        { "127.0.0.1, ::1", "::1", true },
        { "::1 10.0.0.0/8", "10.255.1.2", true },
        { "10.0.0.0/8", "11.0.0.0", false },
        { "192.0.2.128/25", "192.0.2.127", false },
        { "192.0.2.128/25", "192.0.2.255", true },
        { "0.0.0.0/0", "203.0.113.9", true },
        { "0.0.0.0/0", "2001:db8::1", false },
        { "fd00::/7", "fc00::1", true },
        { "fd00::/8", "fc00::1", false },
        { "::/0", "192.0.2.1", true },
    };
    struct networks networks;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct address address = parse(rows[i].address);
        ck_assert(networks_parse(rows[i].networks, &networks));
        ck_assert_msg(networks_have(&networks, &address) == rows[i].has, "%s has %s",
                      rows[i].networks, rows[i].address);
    }
    static const char *const wrong[] = { "localhost",  "10.0.0.0/33",   "::/129",     "10.0.0.0/",
                                         "10.0.0.0/x", "10.0.0.0/1000", "10.0.0.0/-1" };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        ck_assert_msg(!networks_parse(wrong[i], &networks), "%s", wrong[i]);
    char many[NETWORKS_MAX * 3 + 4];
    for (size_t i = 0; i <= NETWORKS_MAX; i++)
        memcpy(many + 3 * i, ":: ", 4);
    ck_assert(!networks_parse(many, &networks));
}
END_TEST

void address_tests(Suite *suite)
{
    TCase *tcase = tcase_create("address");
    tcase_add_test(tcase, test_text);
    tcase_add_test(tcase, test_site);
    tcase_add_test(tcase, test_networks);
    suite_add_tcase(suite, tcase);
}
