/* conditions_mistakes.c: what is said of conditions that make no sense. */
#include "conditions.h"

#include <stdlib.h>
#include <string.h>

START_TEST(test_mistakes_are_told_where_they_are)
{
    static const struct {
        const char *text, *member, *code;
    } cases[] = {
        { "{}", "when", "invalid" },
        { "[]", "when", "wrong_type" },
        { "'1=1'", "when", "wrong_type" },
        { "{'all':[]}", "when/all", "too_few" },
        { "{'any':{}}", "when/any", "wrong_type" },
        { "{'not':null}", "when/not", "wrong_type" },
        { "{'all':[" YES "],'any':[" YES "]}", "when/any", "unknown_member" },
        { "{'field':'country','op':'eq','value':'US','Values':1}", "when/Values",
          "unknown_member" },
        { "{'all':[" YES ",{'field':'country','op':'eq'}]}", "when/all/1/value", "required" },
        { "{'any':[" YES ",{'not':{'field':'country','op':'like','value':'U'}}]}",
          "when/any/1/not/op", "unknown_value" },
        { "{'field':'country','value':'US'}", "when/op", "required" },
        { "{'field':5,'op':'present'}", "when/field", "wrong_type" },
        { "{'field':'tally','op':'present'}", "when/field", "unknown_value" },
        { "{'field':'1 OR 1=1','op':'present'}", "when/field", "unknown_value" },
        { "{'field':'country','op':'eq','value':5}", "when/value", "wrong_type" },
        { "{'field':'country','op':'eq','value':''}", "when/value", "invalid" },
        { "{'field':'country','op':'in','value':'US'}", "when/value", "wrong_type" },
        { "{'field':'country','op':'in','value':['US',5]}", "when/value/1", "wrong_type" },
        { "{'field':'country','op':'in','value':[]}", "when/value", "too_few" },
        { "{'field':'country','op':'present','value':true}", "when/value", "invalid" },
        { "{'field':'score','op':'eq','value':'5'}", "when/value", "wrong_type" },
        { "{'field':'score','op':'eq','value':1.5}", "when/value", "wrong_type" },
        { "{'field':'score','op':'contains','value':5}", "when/op", "invalid" },
        { "{'field':'score','op':'between','value':[1]}", "when/value", "invalid" },
        { "{'field':'status','op':'gt','value':'open'}", "when/op", "invalid" },
        { "{'field':'status','op':'eq','value':'closed'}", "when/value", "unknown_value" },
        { "{'field':'stage','op':'in','value':['mql','x']}", "when/value/1", "unknown" },
        { "{'field':'pipeline','op':'eq','value':'x'}", "when/value", "unknown" },
        { "{'field':'created_at','op':'gt','value':'yesterday'}", "when/value", "invalid" },
        { "{'field':'owner','op':'eq','value':'ann'}", "when/value", "invalid" },
        { "{'activity':'Page View'}", "when/activity", "invalid" },
        { "{'activity':'call','count':3}", "when/count", "invalid" },
        { "{'activity':'call','count':{}}", "when/count", "invalid" },
        { "{'activity':'call','count':{'eq':1,'lte':2}}", "when/count", "invalid" },
        { "{'activity':'call','count':{'gte':-1}}", "when/count/gte", "out_of_range" },
        { "{'activity':'call','count':{'gt':1}}", "when/count/gt", "unknown_member" },
        { "{'activity':'call','within_days':0}", "when/within_days", "out_of_range" },
        { "{'activity':'call','within_days':1.5}", "when/within_days", "out_of_range" },
        { "{'activity':'call','where':[]}", "when/where", "too_few" },
        { "{'activity':'call','where':[5]}", "when/where/0", "wrong_type" },
        { "{'activity':'call','where':[{'property':'a','op':'eq','value':null}]}",
          "when/where/0/value", "wrong_type" },
        { "{'activity':'call','where':[{'property':'a','op':'in','value':[1,'b']}]}",
          "when/where/0/value/1", "wrong_type" },
        { "{'activity':'call','where':[{'property':'a','op':'starts','value':1}]}",
          "when/where/0/op", "invalid" },
        { "{'activity':'call','where':[{'op':'present'}]}", "when/where/0/property", "required" },
    };
    _cleanup_(scene_done) struct scene scene;
    scene_start(&scene);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct condition *condition;
        const struct failure *failure = &scene.ctx.failure;
        failure_clear(&scene.ctx);
        enum err err = condition_read(&scene.ctx, &scene.scope, "when",
                                      quoted(&scene, cases[i].text), &condition);
        ck_assert_msg(err == ERR_VALIDATION, "%s: %d", cases[i].text, err);
        bool found = false;
        for (size_t j = 0; j < failure->member_count; j++)
            found |= strcmp(failure->members[j].member, cases[i].member) == 0 &&
                     strcmp(failure->members[j].code, cases[i].code) == 0;
        ck_assert_msg(found, "%s: %s %s %s", cases[i].text, failure->members[0].member,
                      failure->members[0].code, failure->members[0].detail);
    }
}
END_TEST

START_TEST(test_all_mistakes_are_told_at_once)
{
    _cleanup_(scene_done) struct scene scene;
    scene_start(&scene);
    const struct condition *condition;
    const char *text = "{'all':[{'field':'x','op':'eq','value':1},{'field':'score','op':'eq',"
                       "'value':true},{'activity':'call','within_days':0,'count':{'eq':-1}}]}";
    ck_assert_int_eq(
        condition_read(&scene.ctx, &scene.scope, "rules/3/when", quoted(&scene, text), &condition),
        ERR_VALIDATION);
    ck_assert_uint_ge(scene.ctx.failure.member_count, 4);
    ck_assert_str_eq(scene.ctx.failure.members[0].member, "rules/3/when/all/0/field");
    ck_assert_uint_eq(scene.selectors.count, 0); /* nothing of a wrong one is kept */
}
END_TEST

START_TEST(test_rules_cannot_ask_for_what_follows_from_them)
{
    static const char *const names[] = { "score", "stage",   "status",    "stage_entered_at",
                                         "cycle", "version", "updated_at" };
    _cleanup_(scene_done) struct scene scene;
    scene_start(&scene);
    scene.scope.reach = CONDITION_OF_GIVEN;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const struct condition *condition;
        failure_clear(&scene.ctx);
        const char *text = arena_printf(&scene.arena, "{'field':'%s','op':'present'}", names[i]);
        ck_assert_int_eq(
            condition_read(&scene.ctx, &scene.scope, "when", quoted(&scene, text), &condition),
            ERR_VALIDATION);
        ck_assert_str_eq(scene.ctx.failure.members[0].code, "not_allowed");
    }
    failure_clear(&scene.ctx);
    condition_of(&scene, "{'field':'created_at','op':'present'}");
    scene.scope.selectors = NULL;
    const struct condition *condition;
    ck_assert_int_eq(condition_read(&scene.ctx, &scene.scope, "when",
                                    quoted(&scene, "{'activity':'call'}"), &condition),
                     ERR_VALIDATION);
}
END_TEST

/* `item` repeated with commas between, `before` and `after` around it, the latter as often. */
static const char *repeated(struct scene *scene, const char *before, const char *item, int count,
                            const char *after)
{
    struct buffer out = { .arena = &scene->arena };
    buffer_text(&out, before);
    for (int i = 0; i < count; i++)
        buffer_printf(&out, "%s%s", i ? "," : "", item);
    buffer_text(&out, after);
    buffer_char(&out, '\0');
    return out.data;
}

static const char *nested(struct scene *scene, int depth)
{
    const char *text = YES;
    for (int i = 1; i < depth; i++)
        text = arena_printf(&scene->arena, i % 2 ? "{'not':%s}" : "{'any':[%s]}", text);
    return text;
}

START_TEST(test_limits)
{
    _cleanup_(scene_done) struct scene scene;
    scene_start(&scene);
    condition_of(&scene, nested(&scene, CONDITION_DEPTH_MAX));
    condition_of(&scene, repeated(&scene, "{'all':[", "{'field':'city','op':'absent'}",
                                  CONDITION_LEAVES_MAX, "]}"));
    condition_of(&scene, repeated(&scene, "{'field':'score','op':'in','value':[", "1",
                                  CONDITION_VALUES_MAX, "]}"));
    const struct {
        const char *text, *code;
    } cases[] = {
        { nested(&scene, CONDITION_DEPTH_MAX + 1), "too_deep" },
        { nested(&scene, 500), "too_deep" },
        { repeated(&scene, "{'all':[", "{'field':'city','op':'absent'}", CONDITION_LEAVES_MAX + 1,
                   "]}"),
          "too_many" },
        { repeated(&scene, "{'all':[",
                   "{'any':[{'field':'city','op':'absent'},{'field':'city','op':'absent'}]}", 51,
                   "]}"),
          "too_many" },
        { repeated(&scene, "{'field':'score','op':'in','value':[", "1", CONDITION_VALUES_MAX + 1,
                   "]}"),
          "too_many" },
        { repeated(&scene, "{'field':'city','op':'eq','value':'", "x", CONDITION_BYTES_MAX, "'}"),
          "too_long" },
        { repeated(&scene, "", "[", 5000, ""), "wrong_type" },
        { "{'all':[{'all':[{'all':[", "too_few" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct condition *condition;
        failure_clear(&scene.ctx);
        ck_assert_int_eq(condition_read(&scene.ctx, &scene.scope, "when",
                                        quoted(&scene, cases[i].text), &condition),
                         ERR_VALIDATION);
        const struct failure *failure = &scene.ctx.failure;
        bool found = false;
        for (size_t j = 0; j < failure->member_count; j++)
            found |= strcmp(failure->members[j].code, cases[i].code) == 0;
        ck_assert_msg(found, "%zu: %s", i, failure->members[0].code);
    }
}
END_TEST

/* Any text at all is refused or read; the sanitizers watch. Pieces of conditions, so that much
 * of it is nearly one. */
START_TEST(test_nonsense_is_survived)
{
    static const char *const pieces[] = {
        "{",         "}",       "[",       "]",          ",",         ":",       "'all'",
        "'any'",     "'not'",   "'field'", "'op'",       "'value'",   "'where'", "'activity'",
        "'country'", "'score'", "'eq'",    "'in'",       "'present'", "5",       "-1.5",
        "null",      "true",    "'x'",     "'between'",  "'count'",   "'gte'",   "'page_view'",
        "\\",        "'",       "\\u0000", "'property'", YES,
    };
    srand(20260102);
    for (int i = 0; i < 20000; i++) {
        _cleanup_(scene_done) struct scene scene;
        scene_start(&scene);
        struct buffer out = { .arena = &scene.arena };
        for (int j = rand() % 25; j >= 0; j--)
            buffer_text(&out, pieces[(size_t)rand() % ARRAY_SIZE(pieces)]);
        buffer_char(&out, '\0');
        const struct condition *condition = NULL;
        if (condition_read(&scene.ctx, &scene.scope, "when", quoted(&scene, out.data), &condition))
            continue;
        struct selected none[8] = { 0 };
        struct subject subject = { &scene.lead, scene.ctx.now_ms, none };
        condition_holds(condition, &subject);
    }
}
END_TEST

TCase *conditions_mistakes_case(void)
{
    TCase *tcase = tcase_create("mistakes");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_mistakes_are_told_where_they_are);
    tcase_add_test(tcase, test_all_mistakes_are_told_at_once);
    tcase_add_test(tcase, test_rules_cannot_ask_for_what_follows_from_them);
    tcase_add_test(tcase, test_limits);
    tcase_add_test(tcase, test_nonsense_is_survived);
    return tcase;
}
