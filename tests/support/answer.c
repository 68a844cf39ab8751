/* answer.c: looking at answers: headers, members of the JSON, and problems. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *answer_header(const struct answer *answer, const char *name)
{
    static _Thread_local char value[1024];
    size_t length = strlen(name);
    for (const char *line = answer->head; line && *line;) {
        const char *end = strstr(line, "\r\n");
        if (!end)
            return NULL;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            const char *text = line + length + 1;
            text += strspn(text, " \t");
            snprintf(value, sizeof value, "%.*s", (int)(end - text), text);
            return value;
        }
        line = end + 2;
    }
    return NULL;
}

/* ---- Members ---- */

json_t *json_at(json_t *json, const char *path)
{
    char part[128];
    while (json && *path) {
        size_t length = strcspn(path, ".");
        ck_assert_uint_lt(length, sizeof part);
        memcpy(part, path, length);
        part[length] = '\0';
        json = json_is_array(json) ? json_array_get(json, strtoul(part, NULL, 10))
                                   : json_object_get(json, part);
        path += length + (path[length] == '.');
    }
    return json;
}

/* The member at a path formatted like printf; `found` is its path. */
#define FIND(answer, path, found, json)                                                            \
    char found[256];                                                                               \
    va_list args;                                                                                  \
    va_start(args, path);                                                                          \
    vsnprintf(found, sizeof found, path, args);                                                    \
    va_end(args);                                                                                  \
    json_t *json = json_at((answer)->json, found)

#define EXPECT(answer, condition, found, what)                                                     \
    ck_assert_msg(condition, "%s is not %s in the answer to %s: %d %.3000s", found, what,          \
                  (answer)->asked, (answer)->status, (answer)->body)

json_t *answer_at(const struct answer *answer, const char *path, ...)
{
    FIND(answer, path, found, json);
    return json;
}

int64_t answer_int(const struct answer *answer, const char *path, ...)
{
    FIND(answer, path, found, json);
    EXPECT(answer, json_is_integer(json), found, "a whole number");
    return json_integer_value(json);
}

const char *answer_text(const struct answer *answer, const char *path, ...)
{
    FIND(answer, path, found, json);
    EXPECT(answer, json_is_string(json), found, "a text");
    return json_string_value(json);
}

bool answer_bool(const struct answer *answer, const char *path, ...)
{
    FIND(answer, path, found, json);
    EXPECT(answer, json_is_boolean(json), found, "true or false");
    return json_is_true(json);
}

size_t answer_count(const struct answer *answer, const char *path, ...)
{
    FIND(answer, path, found, json);
    EXPECT(answer, json_is_array(json), found, "a list");
    return json_array_size(json);
}

bool answer_is_null(const struct answer *answer, const char *path, ...)
{
    FIND(answer, path, found, json);
    EXPECT(answer, json, found, "there");
    return json_is_null(json);
}

/* ---- Problems ---- */

static const char *error_complaint(json_t *error)
{
    bool pointer = json_is_string(json_object_get(error, "pointer"));
    bool parameter = json_is_string(json_object_get(error, "parameter"));
    bool header = json_is_string(json_object_get(error, "header"));
    if (pointer + parameter + header != 1)
        return "an error does not name one of a pointer, a parameter and a header";
    if (pointer && *json_string_value(json_object_get(error, "pointer")) != '/')
        return "a pointer without its slash";
    if (!json_is_string(json_object_get(error, "code")) ||
        !json_is_string(json_object_get(error, "detail")))
        return "an error without code or detail";
    return NULL;
}

const char *problem_complaint(const struct answer *answer)
{
    static const char *const texts[] = { "type", "title", "code", "request_id" };
    const char *type = answer_header(answer, "Content-Type");
    if (!type || strcmp(type, "application/problem+json") != 0)
        return "its content type is not application/problem+json";
    if (!json_is_object(answer->json))
        return "its body is no JSON object";
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (!json_is_string(json_object_get(answer->json, texts[i])))
            return texts[i];
    if (json_integer_value(json_object_get(answer->json, "status")) != answer->status)
        return "its status is not that of the answer";
    const char *id = answer_header(answer, "X-Request-Id");
    if (!id || strcmp(id, json_string_value(json_object_get(answer->json, "request_id"))) != 0)
        return "its request_id is not that of the header";
    json_t *errors = json_object_get(answer->json, "errors");
    const char *complaint = NULL;
    for (size_t i = 0; i < json_array_size(errors) && !complaint; i++)
        complaint = error_complaint(json_array_get(errors, i));
    return complaint;
}

static bool names(json_t *error, const char *place, const char *why)
{
    const char *kind = *place == '?' ? "parameter" : *place == '/' ? "pointer" : "header";
    const char *text = json_string_value(json_object_get(error, kind));
    const char *code = json_string_value(json_object_get(error, "code"));
    return text && strcmp(text, place + (*place == '?')) == 0 &&
           (!why || (code && strcmp(code, why) == 0));
}

void expect_problem(const struct answer *answer, int status, const char *code, const char *place,
                    const char *why)
{
    expect_status(answer, status);
    const char *complaint = problem_complaint(answer);
    ck_assert_msg(!complaint, "%s: %s: %.3000s", answer->asked, complaint, answer->body);
    const char *got = answer_text(answer, "code");
    ck_assert_msg(strcmp(got, code) == 0, "%s: %s instead of %s: %.3000s", answer->asked, got, code,
                  answer->body);
    if (!place)
        return;
    json_t *errors = answer_at(answer, "errors");
    for (size_t i = 0; i < json_array_size(errors); i++)
        if (names(json_array_get(errors, i), place, why))
            return;
    ck_abort_msg("%s: does not name %s (%s): %.3000s", answer->asked, place, why ? why : "any code",
                 answer->body);
}
