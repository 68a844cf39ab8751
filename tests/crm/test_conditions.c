/* test_conditions.c: what a condition means, judged in memory, and what is said of those that
 * make no sense. */
#include "conditions.h"

#include <funneld/condition.h>
#include <funneld/stages.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scene {
    struct arena arena;
    struct ctx ctx;
    struct stage stages[2];
    struct pipeline pipeline;
    struct rows pipelines;
    struct selectors selectors;
    struct condition_scope scope;
    struct lead lead;
};

static void scene_done(struct scene *scene)
{
    arena_free(&scene->arena);
}

static void scene_start(struct scene *scene)
{
    *scene = (struct scene){
        .stages = { { .stage_id = 1, .key = "target" }, { .stage_id = 2, .key = "mql" } },
        .pipeline = { .key = "default" },
        .ctx.now_ms = 1700000000000,
    };
    scene->ctx.arena = &scene->arena;
    scene->pipeline.stages = (struct rows){ scene->stages, 2 };
    scene->pipelines = (struct rows){ &scene->pipeline, 1 };
    scene->scope = (struct condition_scope){ .pipelines = &scene->pipelines,
                                             .reach = CONDITION_OF_ALL,
                                             .selectors = &scene->selectors };
    struct lead *lead = &scene->lead;
    table_clear(&lead_table, lead);
    lead->email = "ann@example.com";
    lead->country = "US";
    lead->company = "Acme & S\xc3\xb6hne";
    lead->job_title = "Head of IT";
    lead->source = "";
    lead->amount_minor = 5000;
    lead->owner = (struct id){ { 1, 2, 3 } };
    lead->created_at = 1600000000000;
    lead->pipeline = "default";
    lead->stage = "mql";
    lead->status = LEAD_OPEN;
    lead->score = -3;
}

/* The text with ' for ". */
static const char *quoted(struct scene *scene, const char *text)
{
    char *copy = arena_text(&scene->arena, text, strlen(text));
    for (char *at = copy; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    return copy;
}

static const struct condition *read(struct scene *scene, const char *text)
{
    const struct condition *condition = NULL;
    enum err err =
        condition_read(&scene->ctx, &scene->scope, "when", quoted(scene, text), &condition);
    const struct member_error *first = scene->ctx.failure.members;
    ck_assert_msg(err == OK, "%s: %s %s", text, first->member, first->detail);
    return condition;
}

static bool holds(struct scene *scene, const char *text, const struct selected *selected)
{
    struct subject subject = { &scene->lead, scene->ctx.now_ms, selected };
    return condition_holds(read(scene, text), &subject);
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
#define YES "{'field':'country','op':'eq','value':'US'}"
#define NO "{'field':'country','op':'eq','value':'DE'}"
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

/* ---- Mistakes ---- */

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
    read(&scene, "{'field':'created_at','op':'present'}");
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
    read(&scene, nested(&scene, CONDITION_DEPTH_MAX));
    read(&scene, repeated(&scene, "{'all':[", "{'field':'city','op':'absent'}",
                          CONDITION_LEAVES_MAX, "]}"));
    read(&scene,
         repeated(&scene, "{'field':'score','op':'in','value':[", "1", CONDITION_VALUES_MAX, "]}"));
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
    tcase_add_test(tcase, test_mistakes_are_told_where_they_are);
    tcase_add_test(tcase, test_all_mistakes_are_told_at_once);
    tcase_add_test(tcase, test_rules_cannot_ask_for_what_follows_from_them);
    tcase_add_test(tcase, test_limits);
    tcase_add_test(tcase, test_nonsense_is_survived);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, conditions_random_case());
    return suite;
}
