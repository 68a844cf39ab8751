/* leads.c: what the tests of leads ask over and over. */
#include "leads.h"

const struct answer *create(const char *json)
{
    return post(fixture.client, "/v1/leads", "%s", json);
}

const struct answer *merge(const char *json)
{
    return post(fixture.client, "/v1/leads?on_duplicate=merge", "%s", json);
}

const struct answer *change(const char *lead, const char *json)
{
    return patch(fixture.client, textf("/v1/leads/%s", lead), "%s", json);
}

void expect_known(const char *json, const char *lead)
{
    const struct answer *answer = create(json);
    expect_problem(answer, 409, "duplicate", NULL, NULL);
    expect_text(answer, lead, "existing_id");
}
