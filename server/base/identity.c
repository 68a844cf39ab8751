/* identity.c: one spelling for each e-mail address and phone number, so that the same person
 * matches. Knows no lead, and never puts the address or number itself into an error. */
#include <funneld/base.h>

#include <idn2.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum {
    EMAIL_MAX_BYTES = 254,
    LOCAL_MAX_BYTES = 64,
    LABEL_MAX_BYTES = 63,
    PHONE_MIN_DIGITS = 8,
    PHONE_MAX_DIGITS = 15,
};

static enum err email_invalid(struct ctx *ctx, const char *member)
{
    return fail_member(ctx, member, "invalid", "must be an e-mail address such as ann@example.com");
}

static enum err email_too_long(struct ctx *ctx, const char *member)
{
    return fail_member(ctx, member, "too_long",
                       "must be at most %d bytes, of which %d before the @", EMAIL_MAX_BYTES,
                       LOCAL_MAX_BYTES);
}

static enum err out_of_memory(struct ctx *ctx)
{
    return fail(ctx, ERR_MEMORY, NULL, "%s", err_info(ERR_MEMORY)->title);
}

static bool is_ascii(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

static void lower_ascii(char *text)
{
    for (; *text != '\0'; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

/* ---- Domain ---- */

static bool label_is_valid(const char *label, size_t bytes)
{
    if (bytes == 0 || bytes > LABEL_MAX_BYTES || label[0] == '-' || label[bytes - 1] == '-')
        return false;
    return strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-") >= bytes;
}

static bool domain_is_valid(const char *domain)
{
    size_t labels = 0;
    for (;;) {
        size_t bytes = strcspn(domain, ".");
        if (!label_is_valid(domain, bytes))
            return false;
        labels++;
        if (domain[bytes] == '\0')
            return labels >= 2;
        domain += bytes + 1;
    }
}

static void idn_done(char **text)
{
    idn2_free(*text);
}

/* The domain as lower-case A-labels; *ret is NULL when it is none. Plain ASCII needs no library,
 * whose rules for internationalised names would refuse some names that exist ("r3---a.example"). */
static enum err domain_normalise(struct ctx *ctx, char *domain, const char **ret)
{
    *ret = NULL;
    lower_ascii(domain);
    if (is_ascii(domain) && strstr(domain, "xn--") == NULL) {
        *ret = domain_is_valid(domain) ? domain : NULL;
        return OK;
    }
    _cleanup_(idn_done) char *ascii = NULL;
    int result = idn2_to_ascii_8z(domain, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (result == IDN2_MALLOC)
        return out_of_memory(ctx);
    if (result != IDN2_OK || !domain_is_valid(ascii))
        return OK;
    *ret = ctx_text(ctx, ascii);
    return *ret == NULL ? ERR_MEMORY : OK;
}

/* ---- Local part ---- */

/* Letters, marks, digits and signs of any script; nothing that cannot be seen, but for the two
 * joiners. */
static bool codepoint_is_visible(utf8proc_int32_t codepoint)
{
    switch (utf8proc_category(codepoint)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return false;
    case UTF8PROC_CATEGORY_CF: return codepoint == 0x200c || codepoint == 0x200d;
    default: return true;
    }
}

static bool local_is_valid(const char *local)
{
    /* Of ASCII: letters, digits and .!#$%&'*+/=?^_`{|}~- */
    static const bool allowed[128] = {
        ['a' ... 'z'] = true, ['A' ... 'Z'] = true,  ['0' ... '9'] = true, ['.'] = true,
        ['!'] = true,         ['#' ... '\''] = true, ['*' ... '+'] = true, ['/'] = true,
        ['='] = true,         ['?'] = true,          ['^' ... '`'] = true, ['{' ... '~'] = true,
        ['-'] = true,
    };
    if (*local == '\0')
        return false;
    while (*local != '\0') {
        if ((unsigned char)*local < 0x80) {
            if (!allowed[(unsigned char)*local])
                return false;
            local++;
            continue;
        }
        utf8proc_int32_t codepoint;
        utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *)local, -1, &codepoint);
        if (bytes <= 0 || !codepoint_is_visible(codepoint))
            return false;
        local += bytes;
    }
    return true;
}

static void malloc_done(utf8proc_uint8_t **data)
{
    free(*data);
}

static utf8proc_int32_t codepoint_lower(utf8proc_int32_t codepoint, void *unused)
{
    (void)unused;
    utf8proc_int32_t lower = utf8proc_tolower(codepoint);
    return lower < 0x80 && codepoint >= 0x80 ? codepoint : lower; /* not the i of a Turkish I */
}

/* Lower case in NFC, or with `fold` case folded, which goes further: "straße" and "strasse"
 * become one. NULL, with the failure recorded, when memory is out. */
static const char *local_lower(struct ctx *ctx, const char *local, bool fold)
{
    if (is_ascii(local)) {
        char *lower = ctx_text(ctx, local);
        if (lower != NULL)
            lower_ascii(lower);
        return lower;
    }
    _cleanup_(malloc_done) utf8proc_uint8_t *mapped = NULL;
    unsigned options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | (fold ? UTF8PROC_CASEFOLD : 0);
    utf8proc_ssize_t bytes =
        utf8proc_map_custom((const utf8proc_uint8_t *)local, (utf8proc_ssize_t)strlen(local),
                            &mapped, (utf8proc_option_t)options, codepoint_lower, NULL);
    char *lower = bytes < 0 ? NULL : arena_text(ctx->arena, (const char *)mapped, (size_t)bytes);
    if (lower == NULL) {
        enum err ignored = out_of_memory(ctx);
        (void)ignored;
    }
    return lower;
}

/* What of the local part says whose it is: without "+tag", unless nothing else would be left. */
static const char *local_key(struct ctx *ctx, const char *local)
{
    const char *tag = strchr(local, '+');
    size_t bytes = tag == NULL || tag == local ? strlen(local) : (size_t)(tag - local);
    const char *plain = arena_text(ctx->arena, local, bytes);
    return plain == NULL ? NULL : local_lower(ctx, plain, true);
}

static const char *address(struct arena *arena, const char *local, const char *domain)
{
    size_t local_bytes = strlen(local), domain_bytes = strlen(domain);
    char *text = arena_take(arena, local_bytes + domain_bytes + 2);
    if (text == NULL)
        return NULL;
    memcpy(text, local, local_bytes);
    text[local_bytes] = '@';
    memcpy(text + local_bytes + 1, domain, domain_bytes + 1);
    return text;
}

enum err email_normalise(struct ctx *ctx, const char *member, const char *text,
                         const char **ret_email, const char **ret_key)
{
    char *trimmed = text_trim(ctx->arena, text, strlen(text));
    if (trimmed == NULL)
        return out_of_memory(ctx);
    size_t bytes = strlen(trimmed);
    if (bytes > 4 * EMAIL_MAX_BYTES) /* no mapping makes it four times shorter */
        return email_too_long(ctx, member);
    char *at = strrchr(trimmed, '@');
    if (at == NULL || !utf8_valid(trimmed, bytes))
        return email_invalid(ctx, member);
    *at = '\0';
    if (!local_is_valid(trimmed))
        return email_invalid(ctx, member);

    const char *domain;
    enum err err = domain_normalise(ctx, at + 1, &domain);
    if (err != OK)
        return err;
    if (domain == NULL)
        return email_invalid(ctx, member);
    const char *local = local_lower(ctx, trimmed, false);
    if (local == NULL)
        return ERR_MEMORY;
    if (strlen(local) > LOCAL_MAX_BYTES || strlen(local) + 1 + strlen(domain) > EMAIL_MAX_BYTES)
        return email_too_long(ctx, member);

    const char *key = local_key(ctx, local);
    const char *email = address(ctx->arena, local, domain);
    const char *email_key = key == NULL ? NULL : address(ctx->arena, key, domain);
    if (email == NULL || email_key == NULL)
        return out_of_memory(ctx);
    *ret_email = email;
    *ret_key = email_key;
    return OK;
}

/* ---- Phone ---- */

/* What people write between digits. "(0)" is the trunk digit that is not dialled from abroad;
 * the last three are the no-break space, the no-break hyphen and the dash of typeset numbers. */
static const char *const phone_separators[] = {
    "(0)", " ", "-", ".", "/", "(", ")", "\xc2\xa0", "\xe2\x80\x91", "\xe2\x80\x93",
};

static size_t phone_separator_bytes(const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(phone_separators); i++) {
        size_t bytes = strlen(phone_separators[i]);
        if (strncmp(text, phone_separators[i], bytes) == 0)
            return bytes;
    }
    return 0;
}

enum err phone_normalise(struct ctx *ctx, const char *text, const char **ret)
{
    *ret = NULL;
    const char *trimmed = text_trim(ctx->arena, text, strlen(text));
    if (trimmed == NULL)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a phone number");
    char kept[2 + PHONE_MAX_DIGITS + 1]; /* "00", digits, NUL */
    size_t length = 0;
    while (*trimmed != '\0') {
        size_t skip = phone_separator_bytes(trimmed);
        if (skip > 0) {
            trimmed += skip;
            continue;
        }
        bool sign = *trimmed == '+' && length == 0;
        if (!sign && (*trimmed < '0' || *trimmed > '9'))
            return OK;
        if (length == sizeof(kept) - 1)
            return OK;
        kept[length++] = *trimmed++;
    }
    kept[length] = '\0';

    const char *digits = kept[0] == '+' ? kept + 1 : kept + 2;
    if (kept[0] != '+' && strncmp(kept, "00", 2) != 0)
        return OK;
    size_t count = strlen(digits);
    if (count < PHONE_MIN_DIGITS || count > PHONE_MAX_DIGITS || digits[0] == '0')
        return OK;
    *ret = arena_printf(ctx->arena, "+%s", digits);
    return *ret != NULL ? OK : fail(ctx, ERR_MEMORY, NULL, "no memory for a phone number");
}
