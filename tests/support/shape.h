/* shape.h: which members a JSON object has, and of what type, said in a line. */
#ifndef FUNNELD_TESTS_SUPPORT_SHAPE_H
#define FUNNELD_TESTS_SUPPORT_SHAPE_H

#include "client.h"

/* Expects exactly these members at `path` ("" is the whole answer): "id:i email:t? score:n".
 * i: id, t: text, n: whole number, d: number, b: boolean, T: time, D: day, o: object, a: list;
 * a ? after it also allows null. */
void expect_shape(const struct answer *answer, const char *path, const char *shape);

bool is_id_text(const char *text);
bool is_time_text(const char *text); /* RFC 3339 in UTC with milliseconds */

/* ---- What the routes answer ---- */

#define LEAD_SHAPE                                                                                 \
    "id:i email:t? phone:t? first_name:t? last_name:t? company:t? job_title:t? website:t? "        \
    "industry:t? country:t? city:t? source:t? campaign:i? owner:i? amount_minor:n? currency:t? "   \
    "source_system:t? external_id:t? pipeline:t stage:t status:t stage_entered_at:T cycle:n "      \
    "score:n score_as_of:T rule_set_version:n version:n created_at:T updated_at:T "                \
    "fields:o"
#define ACTIVITY_SHAPE                                                                             \
    "id:i lead_id:i type:t occurred_at:T recorded_at:T campaign:i? source_system:t? "              \
    "external_id:t? engagement:t engagement_given:b properties:o?"
#define RECORDED_SHAPE ACTIVITY_SHAPE " duplicate:b score:o stage:o"
#define STAGE_EVENT_SHAPE                                                                          \
    "id:i lead_id:i from:t? to:t? from_status:t to_status:t occurred_at:T recorded_at:T cause:t "  \
    "actor:t? reason:t? score:n? rule_set_version:n? owner:i? cycle:n answer:t "                   \
    "reject_kind:t voided_at:T?"
#define PAGE_SHAPE "data:a has_more:b next_cursor:t?"
#define STAGE_SHAPE                                                                                \
    "key:t name:t kind:t position:n probability_bp:n required_fields:a offer_hours:n? "            \
    "offer_team:i? "                                                                               \
    "archived_at:T?"
#define PIPELINE_SHAPE "key:t name:t currency:t is_default:b archived_at:T? ordered_at:T? stages:a"
#define CAMPAIGN_SHAPE                                                                             \
    "id:i name:t channel:t? starts_on:D? ends_on:D? budget_minor:n? member_count:n created_at:T"
#define USER_SHAPE "id:i email:t name:t created_at:T archived_at:T?"
#define FORM_SHAPE                                                                                 \
    "id:i name:t key:t redirect_hosts:a allowed_origins:a source:t? campaign:i? created_at:T"
#define SUBMISSION_SHAPE "id:i form:i received_at:T content_type:t? verdict:t detail:t? lead_id:i?"
#define KEY_SHAPE "id:i name:t scopes:a created_at:T revoked_at:T?"
#define FUNNEL_SHAPE                                                                               \
    "basis:t from:D to:D as_of:T pipeline:t currency:t group_by:t? within_days:n? units:o "        \
    "groups:a"
#define FUNNEL_GROUP_SHAPE "key:t? stages:a won:o lost:o disqualified:o"
#define FUNNEL_STAGE_SHAPE "stage:t entered:n reached:n from_previous:o? cumulative:o drilldown:o"
#define RATE_SHAPE "numerator:n denominator:n rate:d?"
#define BOARD_SHAPE "pipeline:t currency:t as_of:T stages:a"
#define COLUMN_SHAPE "stage:t name:t leads:n value_minor:n drilldown:t first:a"

#endif
