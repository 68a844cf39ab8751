/* preview.c: the job that shows what a rule set would do before it does it: an estimate on some of
 * the leads at once, then all of them, slice by slice in read transactions of their own, so that
 * nobody who writes is held up. Counts alone are kept, and who crosses a threshold. */
#include "preview.h"
#include "history.h"

enum { SAMPLE = 10000, IDS_AT_ONCE = 10000, LEADS_AT_ONCE = 500, BUCKETS = 20 };

/* ---- The report ---- */

/* 0 to 4, 5 to 9 ... 95 to 99, and 100 by itself. */
static enum err fill_distribution(struct ctx *ctx, const struct preview *preview, struct rows *ret)
{
    int64_t scores = preview->score_max - preview->score_min + 1;
    int64_t width = scores > BUCKETS ? (scores - 1 + BUCKETS - 1) / BUCKETS : 1;
    size_t count = (size_t)((scores + width - 1) / width);
    struct preview_bucket *buckets = ctx_alloc(ctx, count * sizeof *buckets);
    if (!buckets)
        return ERR_MEMORY;
    for (int64_t i = 0; i < scores; i++) {
        struct preview_bucket *bucket = &buckets[i / width];
        if (i % width == 0)
            *bucket = (struct preview_bucket){ .from = preview->score_min + i };
        bucket->to = preview->score_min + i;
        bucket->before += preview->before.leads[i];
        bucket->after += preview->after.leads[i];
    }
    *ret = (struct rows){ buckets, count };
    return OK;
}

static enum err fill_weeks(struct ctx *ctx, const struct preview *preview,
                           struct preview_report *ret)
{
    struct preview_week *weeks = ctx_alloc(ctx, PREVIEW_WEEKS * sizeof *weeks);
    if (!weeks)
        return ERR_MEMORY;
    int64_t sum = 0;
    for (size_t i = 0; i < PREVIEW_WEEKS; i++) {
        weeks[i] = (struct preview_week){ preview->at - (int64_t)(PREVIEW_WEEKS - i) * MS_PER_WEEK,
                                          preview->weeks[i] };
        sum += preview->weeks[i];
    }
    ret->weeks = (struct rows){ weeks, PREVIEW_WEEKS };
    return rate_fill(ctx, sum, PREVIEW_WEEKS, &ret->mqls_per_week);
}

/* What has been counted, in ctx's arena. */
static enum err fill_report(struct ctx *ctx, const struct preview *preview,
                            struct preview_report *ret)
{
    *ret = (struct preview_report){ .at = preview->at, .leads = preview->count };
    struct preview_criterion *criteria =
        arena_copy(ctx->arena, preview->criteria, sizeof preview->criteria);
    if (!criteria)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a preview");
    ret->criteria = (struct rows){ criteria, preview->criterion_count };
    enum err err = fill_distribution(ctx, preview, &ret->distribution);
    if (!err)
        err = fill_weeks(ctx, preview, ret);
    if (!err)
        err = backtest_fill(ctx, &preview->before.backtest, preview->before.scoring->rules,
                            &ret->before);
    if (!err)
        err = backtest_fill(ctx, &preview->after.backtest, preview->after.scoring->rules,
                            &ret->after);
    return err;
}

/* ---- Slices ---- */

struct run {
    struct db *db;
    const struct catalog *catalog; /* as it was at the start, whatever is published meanwhile */
    const struct scoring *scoring;
    int64_t at, total;
    const struct preview_listener *listener;
    struct preview_progress progress;
};

typedef enum err read_part(struct ctx *ctx, struct run *run, void *self, bool *ret_more);

/* One read transaction; what it needs on the way is forgotten with it. */
static enum err read_slice(struct ctx *ctx, struct run *run, read_part *part, void *self,
                           bool *ret_more)
{
    struct arena *job_arena = ctx->arena;
    _cleanup_(arena_free) struct arena arena = { 0 };
    enum err err = db_begin_read(ctx, run->db);
    ctx->arena = &arena;
    if (!err)
        err = part(ctx, run, self, ret_more);
    ctx->arena = job_arena;
    db_end_read(run->db);
    if (err)
        failure_keep(ctx);
    return err;
}

static enum err tell(struct ctx *ctx, struct run *run)
{
    return run->listener->tell(ctx, run->listener->self, &run->progress);
}

/* ---- The estimate ---- */

/* Every so many-th lead, in the order of their ids and so of their age. */
struct sampling {
    struct preview preview;
    struct id after;
    int64_t every, seen;
};

static enum err judge_one(struct ctx *ctx, struct run *run, struct sampling *sampling,
                          const struct id *id)
{
    struct lead lead;
    enum err err = lead_load(ctx, run->db, id, &lead);
    if (err == ERR_GONE) {
        failure_clear(ctx);
        return OK;
    }
    return err ? err : preview_judge(ctx, run->db, &sampling->preview, &(struct rows){ &lead, 1 });
}

static enum err sample_slice(struct ctx *ctx, struct run *run, void *self, bool *ret_more)
{
    struct sampling *sampling = self;
    struct rows rows;
    enum err err = lead_ids_after(ctx, run->db, &sampling->after, IDS_AT_ONCE, &rows);
    const struct lead *ids = err ? NULL : rows.items;
    for (size_t i = 0; !err && i < rows.count; i++)
        if (sampling->seen++ % sampling->every == 0)
            err = judge_one(ctx, run, sampling, &ids[i].id);
    if (!err && rows.count > 0)
        sampling->after = ids[rows.count - 1].id;
    *ret_more = !err && rows.count == IDS_AT_ONCE;
    return err;
}

static enum err estimate(struct ctx *ctx, struct run *run)
{
    struct sampling sampling = { .every = (run->total + SAMPLE - 1) / SAMPLE };
    struct preview_report *report = ctx_alloc(ctx, sizeof *report);
    enum err err = report
                       ? preview_start(ctx, run->catalog, run->scoring, run->at, &sampling.preview)
                       : ERR_MEMORY;
    for (bool more = true; !err && more;)
        err = read_slice(ctx, run, sample_slice, &sampling, &more);
    if (!err)
        err = fill_report(ctx, &sampling.preview, report);
    run->progress.estimate = report;
    return err ? err : tell(ctx, run);
}

/* ---- All of them ---- */

struct whole {
    struct preview preview;
    struct id after;
};

static enum err whole_slice(struct ctx *ctx, struct run *run, void *self, bool *ret_more)
{
    struct whole *whole = self;
    struct rows rows;
    enum err err = lead_walk(ctx, run->db, &whole->after, LEADS_AT_ONCE, &rows);
    if (!err)
        err = preview_judge(ctx, run->db, &whole->preview, &rows);
    if (!err && rows.count > 0)
        whole->after = ((const struct lead *)rows.items)[rows.count - 1].id;
    *ret_more = !err && rows.count == LEADS_AT_ONCE;
    return err;
}

#define TELL_EVERY_US 500000

static enum err judge_all(struct ctx *ctx, struct run *run, struct whole *whole)
{
    int64_t told_us = clock_monotonic_us();
    for (bool more = true; more;) {
        enum err err = read_slice(ctx, run, whole_slice, whole, &more);
        if (err)
            return err;
        run->progress.done = whole->preview.count;
        if (clock_monotonic_us() - told_us < TELL_EVERY_US)
            continue;
        err = tell(ctx, run);
        if (err)
            return err;
        told_us = clock_monotonic_us();
    }
    return OK;
}

/* The parts that did not become full. */
static enum err keep_rest(struct ctx *ctx, const struct run *run, const struct preview *preview)
{
    enum err err = OK;
    for (size_t i = 0; !err && i < preview->criterion_count * 2; i++)
        if (preview->parts[i].count > 0)
            err = run->listener->keep(ctx, run->listener->self, &preview->parts[i]);
    return err;
}

static enum err look_at_all(struct ctx *ctx, struct run *run)
{
    struct whole whole = { 0 };
    struct preview_report *report = ctx_alloc(ctx, sizeof *report);
    enum err err = report ? preview_start(ctx, run->catalog, run->scoring, run->at, &whole.preview)
                          : ERR_MEMORY;
    if (err)
        return err;
    whole.preview.listener = run->listener;
    whole.preview.parts =
        ctx_alloc(ctx, (whole.preview.criterion_count * 2 + 1) * sizeof *whole.preview.parts);
    if (!whole.preview.parts)
        return ERR_MEMORY;
    err = judge_all(ctx, run, &whole);
    if (!err)
        err = keep_rest(ctx, run, &whole.preview);
    if (!err)
        err = fill_report(ctx, &whole.preview, report);
    run->progress.whole = report;
    return err;
}

static enum err prepare(struct ctx *ctx, struct run *run, const struct id *rule_set_id)
{
    struct rule_set *rule_set = ctx_alloc(ctx, sizeof *rule_set);
    enum err err = rule_set ? db_begin_read(ctx, run->db) : ERR_MEMORY;
    if (!err)
        err = rule_set_find(ctx, run->db, rule_set_id, rule_set);
    if (!err)
        err = catalog_own(ctx, run->db, &run->catalog);
    if (!err)
        err = scoring_make(ctx, run->catalog, rule_set, &run->scoring);
    if (!err)
        err = lead_count_all(ctx, run->db, &run->total);
    db_end_read(run->db);
    run->progress.total = run->total;
    return err;
}

enum err preview_run(struct ctx *ctx, struct db *db, const struct id *rule_set,
                     const struct preview_listener *listener)
{
    struct run run = { .db = db, .at = ctx->now_ms, .listener = listener };
    enum err err = prepare(ctx, &run, rule_set);
    if (!err)
        err = tell(ctx, &run);
    if (!err && run.total > SAMPLE)
        err = estimate(ctx, &run);
    if (!err)
        err = look_at_all(ctx, &run);
    return err ? err : tell(ctx, &run);
}

/* ---- As JSON shows it ---- */

static const struct field bucket_fields[] = {
    FIELD(struct preview_bucket, from, INT, .flags = FIELD_NOT_NULL, .note = "lowest score in it"),
    FIELD(struct preview_bucket, to, INT, .flags = FIELD_NOT_NULL, .note = "highest score in it"),
    FIELD(struct preview_bucket, before, INT, .flags = FIELD_NOT_NULL,
          .note = "leads under the rules in force"),
    FIELD(struct preview_bucket, after, INT, .flags = FIELD_NOT_NULL,
          .note = "leads under the rules looked at"),
};
static const struct table bucket_table =
    TABLE(struct preview_bucket, "preview_bucket", bucket_fields);

static const struct field change_fields[] = {
    FIELD_NAMED(struct preview_criterion, criterion, stage_kind_names, .flags = FIELD_NOT_NULL,
                .note = "kind of the stage"),
    FIELD(struct preview_criterion, before, INT, .flags = FIELD_NOT_NULL,
          .note = "leads that meet it under the rules in force"),
    FIELD(struct preview_criterion, after, INT, .flags = FIELD_NOT_NULL,
          .note = "leads that meet it under the rules looked at"),
    FIELD(struct preview_criterion, up, INT, .flags = FIELD_NOT_NULL, .note = "that begin to"),
    FIELD(struct preview_criterion, down, INT, .flags = FIELD_NOT_NULL, .note = "that cease to"),
};
static const struct table change_table =
    TABLE(struct preview_criterion, "preview_criterion", change_fields);

static const struct field precision_fields[] = {
    FIELD_NAMED(struct preview_precision, criterion, stage_kind_names, .flags = FIELD_NOT_NULL,
                .note = "kind of the stage"),
    FIELD_EMBED(struct preview_precision, precision, &rate_table,
                .note = "of those that met it, how many were won"),
    FIELD_EMBED(struct preview_precision, recall, &rate_table,
                .note = "of those that were won, how many met it"),
    FIELD_EMBED(struct preview_precision, f1, &rate_table, .note = "harmonic mean of the two"),
};
static const struct table precision_table =
    TABLE(struct preview_precision, "preview_precision", precision_fields);

#define FIELD_NUMBER(type, member, note_)                                                          \
    FIELD(type, member, JSON, .flags = FIELD_DECIMAL | FIELD_NOT_NULL, .note = note_)
static const struct field decile_fields[] = {
    FIELD(struct preview_decile, decile, INT, .flags = FIELD_NOT_NULL,
          .note = "1 is the tenth with the highest scores"),
    FIELD_NUMBER(struct preview_decile, leads, "a tenth of them, maybe with a fraction"),
    FIELD_NUMBER(struct preview_decile, won,
                 "leads of one score that a border divides count in parts"),
    FIELD_NUMBER(struct preview_decile, win_rate, "won of leads"),
    FIELD_NUMBER(struct preview_decile, lift, "win_rate over that of all"),
};
static const struct table decile_table =
    TABLE(struct preview_decile, "preview_decile", decile_fields);

static const struct field backtest_fields[] = {
    FIELD(struct preview_backtest, won, INT, .flags = FIELD_NOT_NULL, .note = "leads"),
    FIELD(struct preview_backtest, lost, INT, .flags = FIELD_NOT_NULL, .note = "leads"),
    FIELD_EMBED(struct preview_backtest, auc, &rate_table,
                .note = "of the pairs of a won and a lost lead, in how many the won one scored "
                        "higher; equal scores count half"),
    FIELD(struct preview_backtest, criteria, ROWS, .of = &precision_table,
          .note = "what each would have told"),
    FIELD(struct preview_backtest, deciles, ROWS, .of = &decile_table,
          .note = "empty unless some were won and some were lost"),
};
static const struct table backtest_table =
    TABLE(struct preview_backtest, "preview_backtest", backtest_fields);

static const struct field week_fields[] = {
    FIELD(struct preview_week, from, TIME, .flags = FIELD_NOT_NULL, .note = "seven days from here"),
    FIELD(struct preview_week, entered, INT, .flags = FIELD_NOT_NULL,
          .note = "leads that would have become MQL for the first time"),
};
static const struct table week_table = TABLE(struct preview_week, "preview_week", week_fields);

static const struct field report_fields[] = {
    FIELD(struct preview_report, at, TIME, .flags = FIELD_NOT_NULL,
          .note = "the instant for which all is told"),
    FIELD(struct preview_report, leads, INT, .flags = FIELD_NOT_NULL, .note = "looked at"),
    FIELD(struct preview_report, distribution, ROWS, .of = &bucket_table, .note = "by score"),
    FIELD(struct preview_report, criteria, ROWS, .of = &change_table,
          .note = "who crosses which threshold; the leads are under /v1/jobs/{id}/crossings"),
    FIELD_EMBED(struct preview_report, before, &backtest_table,
                .note = "leads won or lost as they stood just before they were closed, under the "
                        "rules in force"),
    FIELD_EMBED(struct preview_report, after, &backtest_table,
                .note = "the same under the rules looked at"),
    FIELD(struct preview_report, weeks, ROWS, .of = &week_table,
          .note = "the last twelve, were each lead left to these rules alone"),
    FIELD_EMBED(struct preview_report, mqls_per_week, &rate_table, .note = "their mean"),
};
const struct table preview_report_table =
    TABLE(struct preview_report, "preview_report", report_fields);
