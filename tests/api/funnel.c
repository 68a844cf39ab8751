/* funnel.c: reads a funnel and compares it with what it must say. */
#include "funnel.h"
#include "shape.h"

#include <stdlib.h>
#include <string.h>

static void expect_rate(const struct answer *answer, const char *path, int64_t numerator,
                        int64_t denominator)
{
    expect_shape(answer, path, RATE_SHAPE);
    expect_int(answer, numerator, "%s.numerator", path);
    expect_int(answer, denominator, "%s.denominator", path);
    if (denominator == 0) {
        ck_assert(answer_is_null(answer, "%s.rate", path));
        return;
    }
    double rate = json_number_value(answer_at(answer, "%s.rate", path));
    double exact = (double)numerator / (double)denominator;
    ck_assert_msg(rate - exact <= 0.000005000001 && exact - rate <= 0.000005000001,
                  "%s is %f, not %f", path, rate, exact);
}

/* What follows from the numbers of reached ones. */
static void expect_rates(const struct answer *answer, size_t group)
{
    int64_t first = answer_int(answer, "groups.%zu.stages.0.reached", group), before = NO_INT;
    for (int i = 0; i < STAGES; i++) {
        int64_t reached = answer_int(answer, "groups.%zu.stages.%d.reached", group, i);
        expect_shape(answer, textf("groups.%zu.stages.%d", group, i), FUNNEL_STAGE_SHAPE);
        const char *previous = textf("groups.%zu.stages.%d.from_previous", group, i);
        if (i == 0)
            ck_assert(answer_is_null(answer, "%s", previous));
        else
            expect_rate(answer, previous, reached, before);
        expect_rate(answer, textf("groups.%zu.stages.%d.cumulative", group, i), reached, first);
        before = reached;
    }
}

const struct answer *funnel(const char *query)
{
    const struct answer *answer = get(fixture.client, "/v1/metrics/funnel?%s", query);
    expect_status(answer, 200);
    expect_shape(answer, "", FUNNEL_SHAPE);
    expect_shape(answer, "units", "entered:t reached:t");
    for (size_t i = 0; i < answer_count(answer, "groups"); i++) {
        expect_shape(answer, textf("groups.%zu", i), FUNNEL_GROUP_SHAPE);
        expect_shape(answer, textf("groups.%zu.won", i), "leads:n value_minor:n drilldown:t");
        expect_shape(answer, textf("groups.%zu.lost", i), "leads:n drilldown:t");
        expect_shape(answer, textf("groups.%zu.disqualified", i), "leads:n drilldown:t");
        ck_assert_uint_eq(answer_count(answer, "groups.%zu.stages", i), STAGES);
        expect_rates(answer, i);
    }
    return answer;
}

size_t funnel_group(const struct answer *answer, const char *key)
{
    for (size_t i = 0; i < answer_count(answer, "groups"); i++) {
        const char *found = json_string_value(answer_at(answer, "groups.%zu.key", i));
        if (key ? found && strcmp(found, key) == 0 : !found)
            return i;
    }
    ck_abort_msg("no group %s: %.3000s", key ? key : "null", answer->body);
}

static void read_group(const struct answer *answer, size_t group, struct expected *ret)
{
    for (int i = 0; i < STAGES; i++) {
        ret->entered[i] = answer_int(answer, "groups.%zu.stages.%d.entered", group, i);
        ret->reached[i] = answer_int(answer, "groups.%zu.stages.%d.reached", group, i);
    }
    ret->won = answer_int(answer, "groups.%zu.won.leads", group);
    ret->value_minor = answer_int(answer, "groups.%zu.won.value_minor", group);
    ret->lost = answer_int(answer, "groups.%zu.lost.leads", group);
    ret->disqualified = answer_int(answer, "groups.%zu.disqualified.leads", group);
}

static const char *group_text(const struct expected *group)
{
    const char *text = "entered";
    for (int i = 0; i < STAGES; i++)
        text = textf("%s %lld", text, (long long)group->entered[i]);
    text = textf("%s, reached", text);
    for (int i = 0; i < STAGES; i++)
        text = textf("%s %lld", text, (long long)group->reached[i]);
    return textf("%s, won %lld of %lld, lost %lld, disqualified %lld", text, (long long)group->won,
                 (long long)group->value_minor, (long long)group->lost,
                 (long long)group->disqualified);
}

void expect_group(const struct answer *answer, size_t group, const struct expected *expected)
{
    struct expected got;
    read_group(answer, group, &got);
    ck_assert_msg(memcmp(&got, expected, sizeof got) == 0, "%s\nis       %s\ninstead of %s",
                  answer->asked, group_text(&got), group_text(expected));
}

void expect_sums(const char *query)
{
    static const char *const dimensions[] = { "source", "campaign", "owner" };
    struct expected whole, one;
    read_group(funnel(query), 0, &whole);
    for (size_t d = 0; d < ARRAY_SIZE(dimensions); d++) {
        const struct answer *answer = funnel(textf("%s&group_by=%s", query, dimensions[d]));
        struct expected sum = { .won = 0 };
        for (size_t i = 0; i < answer_count(answer, "groups"); i++) {
            read_group(answer, i, &one);
            int64_t *to = (int64_t *)&sum;
            const int64_t *from = (const int64_t *)&one;
            for (size_t j = 0; j < sizeof sum / sizeof *to; j++)
                to[j] += from[j];
        }
        ck_assert_msg(memcmp(&sum, &whole, sizeof sum) == 0, "%s\nsums to %s\ninstead of %s",
                      answer->asked, group_text(&sum), group_text(&whole));
    }
}

const char *funnel_text(const char *query)
{
    const struct answer *answer = funnel(query);
    json_object_del(answer->json, "as_of");
    char *text = json_dumps(answer->json, JSON_COMPACT | JSON_SORT_KEYS);
    const char *kept = textf("%s", text);
    free(text);
    return kept;
}

void import_items(const char *path, const char *items, const char *outcome)
{
    const struct answer *answer = post(fixture.client, path, "{'items':[%s]}", items);
    expect_status(answer, 200);
    ck_assert_uint_gt(answer_count(answer, "results"), 0);
    for (size_t i = 0; i < answer_count(answer, "results"); i++)
        expect_text(answer, outcome, "results.%zu.status", i);
}
