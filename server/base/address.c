/* address.c: addresses of clients, and networks of them. Knows no sockets and no HTTP. */
#include <funneld/base.h>

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

static bool is_v4(const struct address *address)
{
    return memcmp(address->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

struct address address_v4(const uint8_t bytes[static 4])
{
    struct address address;
    memcpy(address.bytes, mapped_prefix, sizeof(mapped_prefix));
    memcpy(address.bytes + sizeof(mapped_prefix), bytes, 4);
    return address;
}

bool address_parse(const char *text, size_t bytes, struct address *ret)
{
    char copy[ADDRESS_TEXT_SIZE];
    uint8_t four[4];
    if (bytes >= sizeof(copy))
        return false;
    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    if (inet_pton(AF_INET, copy, four) == 1) {
        *ret = address_v4(four);
        return true;
    }
    return inet_pton(AF_INET6, copy, ret->bytes) == 1;
}

void address_format(const struct address *address, char text[static ADDRESS_TEXT_SIZE])
{
    if (is_v4(address))
        inet_ntop(AF_INET, address->bytes + sizeof(mapped_prefix), text, ADDRESS_TEXT_SIZE);
    else
        inet_ntop(AF_INET6, address->bytes, text, ADDRESS_TEXT_SIZE);
}

struct address address_site(const struct address *address)
{
    struct address site = *address;
    if (!is_v4(address))
        memset(site.bytes + 8, 0, 8);
    return site;
}

/* ---- Networks ---- */

static bool network_parse(const char *text, size_t bytes, struct network *ret)
{
    const char *slash = memchr(text, '/', bytes);
    size_t length = slash ? (size_t)(slash - text) : bytes;
    if (!address_parse(text, length, &ret->address))
        return false;
    int most = is_v4(&ret->address) ? 32 : 128, bits = 0;
    if (slash) {
        size_t digits = bytes - length - 1;
        if (digits == 0 || digits > 3)
            return false;
        for (size_t i = 1; i <= digits; i++) {
            if (slash[i] < '0' || slash[i] > '9')
                return false;
            bits = bits * 10 + (slash[i] - '0');
        }
    }
    ret->bits = 128 - most + (slash ? bits : most);
    return ret->bits <= 128;
}

bool networks_parse(const char *text, struct networks *ret)
{
    *ret = (struct networks){ 0 };
    size_t bytes;
    for (const char *item; (item = list_item(&text, &bytes)) != NULL; ret->count++)
        if (ret->count == NETWORKS_MAX || !network_parse(item, bytes, &ret->items[ret->count]))
            return false;
    return true;
}

static bool network_has(const struct network *network, const struct address *address)
{
    size_t whole = (size_t)network->bits / 8;
    int rest = network->bits % 8;
    if (memcmp(network->address.bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 || (network->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

bool networks_have(const struct networks *networks, const struct address *address)
{
    for (size_t i = 0; i < networks->count; i++)
        if (network_has(&networks->items[i], address))
            return true;
    return false;
}
