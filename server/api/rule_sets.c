/* rule_sets.c: routes of rule sets: drafts, what is wrong with them, and how they come into
 * force. */
#include "route.h"
#include <funneld/reports.h>

static enum err run_create(struct call *call)
{
    struct rule_set *draft = call_result(call, sizeof *draft);
    enum err err = draft ? rule_set_create(call->ctx, call->db, call->body, draft) : ERR_MEMORY;
    if (!err)
        call_location(call, "rule-sets", &draft->id);
    return err;
}

static enum err run_read(struct call *call)
{
    struct rule_set *rule_set = call_result(call, sizeof *rule_set);
    return rule_set ? rule_set_find(call->ctx, call->db, &call->id, rule_set) : ERR_MEMORY;
}

static enum err run_edit(struct call *call)
{
    struct rule_set *draft = call_result(call, sizeof *draft);
    return draft ? rule_set_edit(call->ctx, call->db, &call->id, call->body, draft) : ERR_MEMORY;
}

static enum err run_discard(struct call *call)
{
    return rule_set_discard(call->ctx, call->db, &call->id);
}

struct rule_sets_query {
    struct input input;
    int status;
};

static const struct field rule_sets_query_fields[] = {
    FIELD_NAMED(struct rule_sets_query, status, rule_set_status_names),
};
static const struct table rule_sets_query_table =
    TABLE(struct rule_sets_query, "rule_sets_query", rule_sets_query_fields);

static enum err run_list(struct call *call)
{
    const struct rule_sets_query *query = call->query;
    struct rule_set_filter filter = { query->status, list_range(call) };
    struct rows rows;
    enum err err = rule_set_list(call->ctx, call->db, &filter, &rows);
    if (!err && call->list.count)
        err = rule_set_count(call->ctx, call->db, &filter, &call->list.total);
    return err ? err : page_cut(call, &rows);
}

/* ---- What is wrong with it ---- */

struct validation {
    int64_t valid;
    struct rows errors; /* struct wrong_member */
};

static const struct field validation_fields[] = {
    FIELD(struct validation, valid, BOOL, .flags = FIELD_NOT_NULL, .note = "it can be published"),
    FIELD(struct validation, errors, ROWS, .of = &wrong_member_table,
          .note = "the wrong members, one by one"),
};
static const struct table validation_table =
    TABLE(struct validation, "rule_set_validation", validation_fields);

static enum err run_validate(struct call *call)
{
    struct validation *validation = call_result(call, sizeof *validation);
    if (!validation)
        return ERR_MEMORY;
    enum err err = rule_set_validate(call->ctx, call->db, &call->id);
    if (err && err != ERR_VALIDATION)
        return err;
    struct problem problem = { 0 };
    if (err)
        problem_fill(call->ctx, err, &call->ctx->failure, /* parameters= */ false, &problem);
    failure_clear(call->ctx);
    *validation = (struct validation){ err == OK, problem.errors };
    return OK;
}

/* ---- In force ---- */

typedef enum err begin_job(struct ctx *ctx, struct db *db, const struct id *id, struct job *ret);

static enum err answer_job(struct call *call, begin_job *begin)
{
    struct job *job = call_result(call, sizeof *job);
    call->reading = IN_RECORD;
    enum err err = job ? begin(call->ctx, call->db, &call->id, job) : ERR_MEMORY;
    if (!err)
        call_location(call, "jobs", &job->id);
    return err ? err : job_show(call->ctx, job);
}

static enum err run_preview(struct call *call)
{
    return answer_job(call, rule_set_preview);
}

static enum err run_publish(struct call *call)
{
    return answer_job(call, rule_set_publish);
}

#define EXAMPLE                                                                                    \
    "{'name':'Spring','groups':[{'key':'fit','min_milli':0,'max_milli':40000},"                    \
    "{'key':'engagement','min_milli':0,'max_milli':100000}],'rules':["                             \
    "{'key':'decides','name':'Head of something','score_group':'fit','points_milli':20000,"        \
    "'when':{'field':'job_title','op':'contains','value':'head'}},"                                \
    "{'key':'pricing','name':'Looked at prices','score_group':'engagement','points_milli':10000,"  \
    "'each':{'activity':'page_view','where':[{'property':'url','op':'starts',"                     \
    "'value':'/pricing'}]},'cap_times':3,'decay':'half_life','decay_days':30}],"                   \
    "'criteria':[{'kind':'mql','score_min':50,'exit_below':40,'dwell_hours':24}]}"

static const struct route rows[] = {
    { { HTTP_GET, "/v1/rule-sets" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .query = &rule_sets_query_table,
      .orders = orders_by_id,
      .run = run_list,
      .result = &rule_set_table,
      .status = 200,
      .operation = "listRuleSets",
      .summary = "Rule sets; ?status=published is the one in force" },
    { { HTTP_POST, "/v1/rule-sets" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      .body = &rule_set_input_table,
      .run = run_create,
      .result = &rule_set_table,
      .status = 201,
      .operation = "createRuleSet",
      .summary = "Draft a rule set",
      .example = EXAMPLE },
    { { HTTP_GET, "/v1/rule-sets/{id}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_read,
      .result = &rule_set_table,
      .status = 200,
      .operation = "getRuleSet",
      .summary = "Read a rule set" },
    { { HTTP_PUT, "/v1/rule-sets/{id}" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      .body = &rule_set_input_table,
      .run = run_edit,
      .result = &rule_set_table,
      .status = 200,
      .operation = "replaceRuleSet",
      .summary = "Replace a draft; a published one never changes",
      .example = EXAMPLE },
    { { HTTP_DELETE, "/v1/rule-sets/{id}" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      .run = run_discard,
      .status = 204,
      .operation = "discardRuleSet",
      .summary = "Throw a draft away" },
    { { HTTP_POST, "/v1/rule-sets/{id}/validate" },
      ACCESS_READ,
      SCOPE_READ | SCOPE_WRITE,
      .run = run_validate,
      .result = &validation_table,
      .status = 200,
      .operation = "validateRuleSet",
      .summary = "Whether it can be published as things are now, and what is wrong with it" },
    { { HTTP_POST, "/v1/rule-sets/{id}/preview" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_BEGINS_JOB,
      .run = run_preview,
      .result = &job_table,
      .status = 202,
      .operation = "previewRuleSet",
      .summary =
          "What it would do if it came into force: an estimate first, then all leads, as the "
          "result of the job that this answers with" },
    { { HTTP_POST, "/v1/rule-sets/{id}/publish" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_BEGINS_JOB,
      .run = run_publish,
      .result = &job_table,
      .status = 202,
      .operation = "publishRuleSet",
      .summary =
          "Put a rule set in force; an older one comes again as a new version. Every lead is "
          "scored again by the job that this answers with" },
};
const struct routes rule_set_routes = { rows, ARRAY_SIZE(rows) };
