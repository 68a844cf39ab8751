/* model_identity.c: which lead an address, a number or a name elsewhere means, by looking at each
 * of them. */
#include "model.h"

#include <ctype.h>
#include <string.h>

/* An address in lower case; a phone with its sign and digits where it is an international one. */
void model_normalise(struct attributes *given)
{
    for (char *at = given->text[ATTR_EMAIL]; *at; at++)
        *at = (char)tolower(*at);
    if (given->text[ATTR_PHONE][0] == '+') {
        char *to = given->text[ATTR_PHONE] + 1;
        for (const char *at = to; *at; at++)
            if (isdigit((unsigned char)*at))
                *to++ = *at;
        *to = '\0';
    }
}

/* The address without its +tag. */
static void match_key(const char *email, char key[48])
{
    const char *at = strchr(email, '@'), *tag = strchr(email, '+');
    size_t local = (size_t)((tag ? tag : at) - email);
    memcpy(key, email, local);
    memcpy(key + local, at, strlen(at) + 1);
}

int model_by_email(struct model *model, const char *email)
{
    char wanted[48], key[48];
    if (!*email)
        return NO_LEAD;
    match_key(email, wanted);
    for (size_t i = 0; i < model->leads.count; i++) {
        const char *has = now_of(lead_at(model, i))->text[ATTR_EMAIL];
        if (!*has || lead_at(model, i)->presence != THERE)
            continue;
        match_key(has, key);
        if (strcmp(key, wanted) == 0)
            return (int)i;
    }
    return NO_LEAD;
}

int model_by_external(struct model *model, const struct attributes *given)
{
    if (!*given->text[ATTR_EXTERNAL_ID])
        return NO_LEAD;
    for (size_t i = 0; i < model->leads.count; i++) {
        const struct attributes *has = now_of(lead_at(model, i));
        if (lead_at(model, i)->presence != THERE)
            continue;
        if (strcmp(has->text[ATTR_EXTERNAL_ID], given->text[ATTR_EXTERNAL_ID]) == 0 &&
            strcmp(has->text[ATTR_SOURCE_SYSTEM], given->text[ATTR_SOURCE_SYSTEM]) == 0)
            return (int)i;
    }
    for (size_t i = 0; i < model->aliases.count; i++) {
        const struct attributes *has = &model->aliases.items[i].given;
        if (strcmp(has->text[ATTR_EXTERNAL_ID], given->text[ATTR_EXTERNAL_ID]) == 0 &&
            strcmp(has->text[ATTR_SOURCE_SYSTEM], given->text[ATTR_SOURCE_SYSTEM]) == 0)
            return (int)model->aliases.items[i].lead;
    }
    return NO_LEAD;
}

static size_t phone_number(struct model *model, const char *phone)
{
    for (size_t i = 0; i < model->phone_texts.count; i++)
        if (strcmp(model->phone_texts.items[i], phone) == 0)
            return i;
    LIST_ADD(&model->phone_texts, strdup(phone));
    return model->phone_texts.count - 1;
}

static int by_phone(struct model *model, const char *phone)
{
    if (*phone != '+')
        return NO_LEAD;
    int number = (int)phone_number(model, phone);
    for (size_t i = 0; i < model->phones.count; i++)
        if (model->phones.items[i].key == number)
            return (int)model->phones.items[i].lead;
    return NO_LEAD;
}

/* The oldest of the others that have it, or NO_LEAD. */
static int next_with_phone(struct model *model, size_t but, const char *phone)
{
    int next = NO_LEAD;
    for (size_t i = 0; i < model->leads.count; i++) {
        struct model_lead *lead = lead_at(model, i);
        if (i == but || lead->presence != THERE ||
            strcmp(now_of(lead)->text[ATTR_PHONE], phone) != 0)
            continue;
        if (next == NO_LEAD || id_compare(&lead->id, &lead_at(model, (size_t)next)->id) < 0)
            next = (int)i;
    }
    return next;
}

/* People share phones: a number names the lead that had it first, until that one gives it up. */
void model_phone_changed(struct model *model, size_t lead, const char *before, const char *after)
{
    if (strcmp(before, after) == 0)
        return;
    if (by_phone(model, before) == (int)lead) {
        int number = (int)phone_number(model, before);
        int next = next_with_phone(model, lead, before);
        for (size_t i = 0; i < model->phones.count; i++) {
            if (model->phones.items[i].key != number)
                continue;
            if (next == NO_LEAD)
                model->phones.items[i] = model->phones.items[--model->phones.count];
            else
                model->phones.items[i].lead = (size_t)next;
            break;
        }
    }
    if (*after == '+' && by_phone(model, after) == NO_LEAD)
        LIST_ADD(&model->phones,
                 (struct told){ .key = (int)phone_number(model, after), .lead = lead });
}

int model_known(struct model *model, const struct attributes *given)
{
    int lead = model_by_external(model, given);
    if (lead == NO_LEAD)
        lead = model_by_email(model, given->text[ATTR_EMAIL]);
    if (lead == NO_LEAD && !*given->text[ATTR_EMAIL] && !*given->text[ATTR_EXTERNAL_ID])
        lead = by_phone(model, given->text[ATTR_PHONE]);
    return lead;
}
