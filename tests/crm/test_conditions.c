/* test_conditions.c: what a condition means, judged in memory. */
#include "conditions.h"

#include <string.h>

static bool holds(struct scene *scene, const char *text, const struct selected *selected)
{
    struct subject subject = { &scene->lead, scene->ctx.now_ms, selected };
    return condition_holds(condition_of(scene, text), &subject);
}

/* Good until the next is read. */
static const struct selector *selector_of(struct scene *scene, const char *where)
{
    size_t index;
    const char *text = arena_printf(&scene->arena, "{'activity':'page_view','where':[%s]}", where);
    ck_assert_int_eq(selector_read(&scene->ctx, &scene->scope, "each", quoted(scene, text), &index),
                     OK);
    return &scene->selectors.items[index];
}

START_TEST(test_fields)
{
    static const struct {
        const char *text;
        bool holds;
    } cases[] = {
        { "{'field':'country','op':'eq','value':'us'}", true },
        { "{'field':'country','op':'ne','value':'us'}", false },
        { "{'field':'country','op':'in','value':['DE','Us']}", true },
        { "{'field':'country','op':'not_in','value':['DE','Us']}", false },
        { "{'field':'country','op':'not_in','value':['DE']}", true },
        { "{'field':'country','op':'gt','value':'CA'}", true },
        { "{'field':'country','op':'lte','value':'US'}", true },
        { "{'field':'country','op':'lt','value':'US'}", false },
        { "{'field':'country','op':'between','value':['a','z']}", true },
        { "{'field':'job_title','op':'contains','value':'OF i'}", true },
        { "{'field':'job_title','op':'not_contains','value':'OF i'}", false },
        { "{'field':'job_title','op':'starts','value':'head'}", true },
        { "{'field':'job_title','op':'starts','value':'head of it too'}", false },
        { "{'field':'job_title','op':'ends','value':'it'}", true },
        { "{'field':'job_title','op':'ends','value':'the head of it'}", false },
        { "{'field':'company','op':'contains','value':'s\xc3\xb6hne'}", true },
        { "{'field':'company','op':'contains','value':'S\xc3\x96HNE'}", false },
        { "{'field':'company','op':'ends','value':'S\\u00f6hne'}", true },
        { "{'field':'company','op':'contains','value':'%'}", false },
        { "{'field':'amount_minor','op':'eq','value':5000}", true },
        { "{'field':'amount_minor','op':'between','value':[5000,5000]}", true },
        { "{'field':'amount_minor','op':'gt','value':5000}", false },
        { "{'field':'score','op':'lt','value':0}", true },
        { "{'field':'score','op':'in','value':[1,-3]}", true },
        { "{'field':'status','op':'eq','value':'open'}", true },
        { "{'field':'status','op':'in','value':['won','lost']}", false },
        { "{'field':'stage','op':'eq','value':'mql'}", true },
        { "{'field':'stage','op':'not_in','value':['target']}", true },
        { "{'field':'created_at','op':'lt','value':'2020-09-13T14:26:40.001+02:00'}", true },
        { "{'field':'created_at','op':'eq','value':'2020-09-13T12:26:40Z'}", true },
        { "{'field':'owner','op':'eq','value':'01020300-0000-0000-0000-000000000000'}", true },
        { "{'field':'owner','op':'in','value':['01020300-0000-0000-0000-000000000001']}", false },
        { "{'field':'owner','op':'present'}", true },
        { "{'field':'campaign','op':'absent'}", true },
    };
    _cleanup_(scene_done) struct scene scene;
    scene_start(&scene);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_msg(holds(&scene, cases[i].text, NULL) == cases[i].holds, "%s", cases[i].text);
}
END_TEST

/* On a blank attribute, of whatever kind, only the four hold that are an opposite. */
START_TEST(test_blanks)
{
    static const struct {
        const char *field, *value, *list, *pair;
    } kinds[] = {
        { "city", "'x'", "['x']", "['a','b']" },
        { "source", "'x'", "['x']", "['a','b']" }, /* empty, which is as blank */
        { "stage_entered_at", "'2020-01-01T00:00:00Z'", "['2020-01-01T00:00:00Z']",
          "['2020-01-01T00:00:00Z','2020-01-01T00:00:00Z']" },
        { "cycle", "0", "[0]", "[-1,1]" },
        { "campaign", "'01020300-0000-0000-0000-000000000000'",
          "['01020300-0000-0000-0000-000000000000']", NULL },
    };
    _cleanup_(scene_done) struct scene scene;
    scene_start(&scene);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        for (size_t j = 0; condition_op_names[j]; j++) {
            const char *op = condition_op_names[j], *value = kinds[i].value;
            bool textual = strstr("contains not_contains starts ends", op) != NULL;
            bool ordered = strstr("gt gte lt lte between", op) != NULL;
            if ((textual && i > 1) || (ordered && !kinds[i].pair))
                continue;
            bool none = strcmp(op, "present") == 0 || strcmp(op, "absent") == 0;
            value = strstr("in not_in", op) ? kinds[i].list : value;
            value = strcmp(op, "between") == 0 ? kinds[i].pair : value;
            const char *text =
                arena_printf(&scene.arena, "{'field':'%s','op':'%s'%s%s}", kinds[i].field, op,
                             none ? "" : ",'value':", none ? "" : value);
            bool opposite = strstr("ne not_in not_contains absent", op) != NULL;
            if (strcmp(op, "in") == 0 || strcmp(op, "contains") == 0)
                opposite = false;
            ck_assert_msg(holds(&scene, text, NULL) == opposite, "%s", text);
        }
}
END_TEST

START_TEST(test_trees)
{
    static const struct {
        const char *text;
        bool holds;
    } cases[] = {
        { "{'all':[" YES "," YES "]}", true },
        { "{'all':[" YES "," NO "]}", false },
        { "{'any':[" NO "," YES "]}", true },
        { "{'any':[" NO "," NO "]}", false },
        { "{'not':" NO "}", true },
        { "{'not':{'not':" NO "}}", false },
        { "{'not':{'all':[" YES "," NO "]}}", true },
        { "{'not':{'any':[" NO ",{'not':" YES "}]}}", true },
    };
    _cleanup_(scene_done) struct scene scene;
    scene_start(&scene);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_msg(holds(&scene, cases[i].text, NULL) == cases[i].holds, "%s", cases[i].text);
}
END_TEST

START_TEST(test_activities)
{
    _cleanup_(scene_done) struct scene scene;
    scene_start(&scene);
    int64_t now = scene.ctx.now_ms,
            times[] = { now - 3 * MS_PER_DAY, now - MS_PER_DAY + 1, now, now + 1 };
    struct selected selected[] = { { times, ARRAY_SIZE(times), 2 }, { NULL, 0, 0 } };
    static const struct {
        const char *text;
        bool holds;
    } cases[] = {
        { "{'activity':'page_view'}", true },
        { "{'activity':'page_view','count':{'eq':5}}", true },
        { "{'activity':'page_view','count':{'gte':6}}", false },
        { "{'activity':'page_view','count':{'gte':5,'lte':5}}", true },
        { "{'activity':'page_view','count':{'lte':4}}", false },
        { "{'activity':'page_view','count':{'eq':1},'within_days':1}", false },
        { "{'activity':'page_view','count':{'eq':2},'within_days':1}", true },
        { "{'activity':'page_view','count':{'eq':2},'within_days':3}",
          true }, /* 3 days is not less */
        { "{'activity':'page_view','count':{'eq':3},'within_days':4}", true },
        { "{'activity':'call'}", false },
        { "{'activity':'call','count':{'eq':0}}", true },
        { "{'not':{'activity':'call'}}", true },
        { "{'all':[{'activity':'page_view'},{'not':{'activity':'call','within_days':9}}]}", true },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_msg(holds(&scene, cases[i].text, selected) == cases[i].holds, "%s",
                      cases[i].text);
    ck_assert_uint_eq(scene.selectors.count, 2); /* however often they are named */
}
END_TEST

START_TEST(test_selectors)
{
    static const char properties[] =
        "{\"url\":\"/Pricing/\\u00fcber\",\"seconds\":12.5,\"visits\":\"3\",\"member\":true,"
        "\"empty\":\"\",\"none\":null,\"tags\":[\"a\"],\"zip\":\"0123\"}";
    static const struct {
        const char *where;
        bool selects;
    } cases[] = {
        { "{'property':'url','op':'starts','value':'/pricing'}", true },
        { "{'property':'url','op':'ends','value':'\xc3\xbc"
          "ber'}",
          true },
        { "{'property':'url','op':'not_contains','value':'blog'}", true },
        { "{'property':'seconds','op':'gt','value':12}", true },
        { "{'property':'seconds','op':'between','value':[12.5,13]}", true },
        { "{'property':'seconds','op':'eq','value':'12.5'}", true },
        { "{'property':'visits','op':'gte','value':3}", true },
        { "{'property':'visits','op':'gt','value':3}", false },
        { "{'property':'zip','op':'eq','value':'123'}", false },
        { "{'property':'zip','op':'eq','value':123}", true },
        { "{'property':'member','op':'eq','value':true}", true },
        { "{'property':'member','op':'ne','value':true}", false },
        { "{'property':'member','op':'eq','value':'True'}", true },
        { "{'property':'url','op':'gt','value':5}", false }, /* no number: as if it were blank */
        { "{'property':'url','op':'ne','value':5}", true },
        { "{'property':'empty','op':'present'}", false },
        { "{'property':'none','op':'absent'}", true },
        { "{'property':'tags','op':'present'}", true },
        { "{'property':'tags','op':'eq','value':'a'}", false },
        { "{'property':'missing','op':'absent'}", true },
        { "{'property':'missing','op':'not_in','value':['a']}", true },
        { "{'property':'url','op':'present'},{'property':'missing','op':'present'}", false },
    };
    _cleanup_(scene_done) struct scene scene;
    scene_start(&scene);
    struct activity activity = { .type = "page_view", .properties = properties };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct selector *selector = selector_of(&scene, cases[i].where);
        ck_assert_msg(selector_selects(selector, &activity) == cases[i].selects, "%s",
                      cases[i].where);
    }
    activity.type = "call";
    ck_assert(!selector_selects(&scene.selectors.items[0], &activity));
}
END_TEST

/* More of them than are kept at a look, longer ones than there is room for, names with escapes. */
START_TEST(test_selectors_of_many_properties)
{
    static const struct {
        const char *where;
        bool selects;
    } cases[] = {
        { "{'property':'first','op':'eq','value':'a'}", true },
        { "{'property':'fir','op':'present'}", false },
        { "{'property':'first_','op':'present'}", false },
        { "{'property':'u_rl','op':'eq','value':'found'}", true },
        { "{'property':'p19','op':'eq','value':19}", true },
        { "{'property':'p19','op':'lt','value':19}", false },
        { "{'property':'p20','op':'absent'}", true },
        { "{'property':'long','op':'ends','value':'the end'}", true },
        { "{'property':'long','op':'starts','value':'xX'}", true },
        { "{'property':'long','op':'contains','value':'y'}", false },
        { "{'property':'second','op':'eq','value':'b'},{'property':'p19','op':'gt','value':1}",
          true },
    };
    _cleanup_(scene_done) struct scene scene;
    scene_start(&scene);
    struct buffer properties = { .arena = &scene.arena };
    buffer_printf(&properties,
                  "{\"first\":\"A\",\"second\":\"B\",\"u\\u005frl\":\"Found\",\"long\":\"");
    for (int i = 0; i < 3000; i++)
        buffer_char(&properties, 'X');
    buffer_printf(&properties, " The End\"");
    for (int i = 0; i < 20; i++)
        buffer_printf(&properties, ",\"p%d\":%d", i, i);
    buffer_printf(&properties, "}%c", '\0');
    ck_assert(!properties.failed);
    struct activity activity = { .type = "page_view", .properties = properties.data };
    struct look look; /* the same for all */
    look_begin(&look, &activity);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct selector *selector = selector_of(&scene, cases[i].where);
        ck_assert_msg(selector_selects_look(selector, &look) == cases[i].selects &&
                          selector_selects(selector, &activity) == cases[i].selects,
                      "%s", cases[i].where);
    }
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("conditions");
    TCase *tcase = tcase_create("conditions");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_fields);
    tcase_add_test(tcase, test_blanks);
    tcase_add_test(tcase, test_trees);
    tcase_add_test(tcase, test_activities);
    tcase_add_test(tcase, test_selectors);
    tcase_add_test(tcase, test_selectors_of_many_properties);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, conditions_mistakes_case());
    suite_add_tcase(suite, conditions_random_case());
    return suite;
}
