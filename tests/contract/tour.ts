// The README's five minutes, by a client that is made from the contract: what it asks and what it
// reads is typed, so a member that the contract does not tell of does not compile.
import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from './contract.js';

type Lead = components['schemas']['Lead'];

const [baseUrl = '', key = ''] = process.argv.slice(2);
assert(baseUrl && key, 'usage: tour URL KEY');
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });

/** The body of a success with this status. */
function done<T>(status: number, answer: { data?: T; error?: unknown; response: Response }): T {
    assert.equal(answer.response.status, status, JSON.stringify(answer.error ?? answer.data));
    assert(answer.data !== undefined);
    assert(answer.response.headers.get('X-Request-Id'));
    return answer.data;
}

async function postLead(): Promise<Lead> {
    const answer = await client.POST('/v1/leads', {
        body: {
            email: 'ann@example.com',
            company: 'Acme',
            job_title: 'Head of IT',
            source: 'search',
        },
    });
    const lead = done(201, answer);
    assert('score' in lead, 'a key that may read is told all of it');
    assert.equal(lead.stage, 'target');
    assert.equal(lead.score, 25);
    assert.equal(answer.response.headers.get('Location'), `/v1/leads/${lead.id}`);
    assert.equal(answer.response.headers.get('ETag'), `"v${lead.version}-s25"`);
    const query = { email: 'ann@example.com' };
    const found = done(200, await client.GET('/v1/leads', { params: { query } }));
    assert.deepEqual(found.data, [lead]);
    assert.equal(found.has_more, false);
    return lead;
}

async function tellWhatItDoes({ id }: Lead): Promise<void> {
    const record = async (status: number, body: components['schemas']['ActivityCreate']) => {
        const params = { path: { id } };
        const answer = await client.POST('/v1/leads/{id}/activities', { params, body });
        const activity = done(status, answer);
        assert('score' in activity, 'a key that may read is told all of it');
        return activity;
    };
    const viewed = await record(201, { type: 'page_view' });
    assert.deepEqual(viewed.score, { before: 25, after: 26 });
    const body = { type: 'demo_requested', external_id: 'event-17' };
    const asked = await record(201, body);
    assert.deepEqual(asked.score, { before: 26, after: 66 });
    assert.deepEqual(asked.stage, { before: 'target', after: 'mql' });
    assert.equal(asked.duplicate, false);
    const again = await record(200, body);
    assert.equal(again.duplicate, true);
    assert.equal(again.id, asked.id);
    assert.deepEqual(again.score, { before: 66, after: 66 });
}

async function work({ id }: Lead): Promise<void> {
    const path = { params: { path: { id } } };
    const moved = await client.POST('/v1/leads/{id}/move', { ...path, body: { stage: 'demo' } });
    assert.equal(done(200, moved).stage, 'demo');
    const etag = moved.response.headers.get('ETag');
    assert(etag);
    const params = { path: { id }, header: { 'If-Match': etag, 'Idempotency-Key': 'win-1' } };
    const win = { params, body: { amount_minor: 1200000 } };
    const won = done(200, await client.POST('/v1/leads/{id}/win', win));
    assert.equal(won.status, 'won');
    assert.equal(won.amount_minor, 1200000);
    const replayed = await client.POST('/v1/leads/{id}/win', {
        params: { path: { id }, header: { 'Idempotency-Key': 'win-1' } },
        body: { amount_minor: 1200000 },
    });
    assert.deepEqual(done(200, replayed), won);
    assert.equal(replayed.response.headers.get('Idempotency-Replayed'), 'true');
    const stale = await client.POST('/v1/leads/{id}/reopen', {
        params: { path: { id }, header: { 'If-Match': etag } },
        body: {},
    });
    assert.equal(stale.response.status, 412);
    assert.equal(stale.error?.code, 'precondition_failed');
    const events = done(200, await client.GET('/v1/leads/{id}/stages', path)).data;
    assert.deepEqual(events.map((event) => event.cause), ['api', 'rule', 'api', 'api']);
    assert.deepEqual(events.map((event) => event.to), ['target', 'mql', 'demo', null]);
    assert.equal(events.at(-1)?.to_status, 'won');
}

async function readFigures(lead: Lead): Promise<void> {
    const list = await client.GET('/v1/leads', {
        params: { query: { stage: 'demo', sort: '-score' } },
    });
    assert.deepEqual(done(200, list).data.map((row) => row.id), [lead.id]);
    const board = await client.GET('/v1/pipelines/{key}/board', {
        params: { path: { key: 'default' }, query: { limit: 5 } },
    });
    assert.equal(done(200, board).stages.length, 6);
    const query = { basis: 'cohort', group_by: 'source' } as const;
    const answer = await client.GET('/v1/metrics/funnel', { params: { query } });
    const [group] = done(200, answer).groups;
    assert.equal(group?.key, 'search');
    assert.deepEqual(group?.stages.map((stage) => stage.reached), [1, 1, 1, 1, 1, 1]);
    assert.equal(group?.won.leads, 1);
    assert.equal(group?.won.value_minor, 1200000);
    const reached = { reached: 'mql', source: 'search', counted: true, count: true } as const;
    const behind = await client.GET('/v1/leads', { params: { query: reached } });
    assert.equal(done(200, behind).total, group?.stages[1]?.reached);
    const entries = await client.GET('/v1/stage-events', {
        params: { query: { to: 'mql', source: 'search', 'occurred_at[gte]': lead.created_at } },
    });
    assert.deepEqual(done(200, entries).data.map((event) => event.lead_id), [lead.id]);
    const etag = answer.response.headers.get('ETag');
    assert(etag);
    const polled = await client.GET('/v1/metrics/funnel', {
        params: { query, header: { 'If-None-Match': etag } },
    });
    assert.equal(polled.response.status, 304);
}

async function useForm(): Promise<void> {
    const body = { name: 'Contact', key: 'contact-us', redirect_hosts: ['www.example.com'] };
    const form = done(201, await client.POST('/v1/forms', { body }));
    assert.equal(form.key, 'contact-us');
    const posted = await client.POST('/f/{form_key}', {
        params: { path: { form_key: form.key } },
        body: { email: 'bob@example.com', name: 'Bob', company: 'Globex' },
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    assert.deepEqual(done(200, posted), { ok: true });
    const [submission] = done(200, await client.GET('/v1/submissions')).data;
    assert.equal(submission?.verdict, 'created');
    assert.equal(submission?.form, form.id);
}

async function makeKey(): Promise<void> {
    const body = { name: 'website', scopes: ['ingest'] };
    const made = done(201, await client.POST('/v1/keys', { body }));
    assert.match(made.key ?? '', /^fnl_/);
    const headers = { Authorization: `Bearer ${made.key}` };
    const website = createClient<paths>({ baseUrl, headers });
    const lead = { email: 'cid@example.com' };
    const brought = done(201, await website.POST('/v1/leads', { body: lead }));
    assert.deepEqual(Object.keys(brought), ['id']);
    const refused = await website.GET('/v1/leads');
    assert.equal(refused.response.status, 403);
    assert.equal(refused.error?.code, 'forbidden');
}

/** Mistakes are named one by one, each with what would be right. */
async function makeMistakes(): Promise<void> {
    const body = { email: 5, colour: 'blue' } as unknown as components['schemas']['LeadCreate'];
    const answer = await client.POST('/v1/leads', { body });
    assert.equal(answer.response.status, 422);
    assert.deepEqual(answer.error?.errors?.map((error) => error.pointer), ['/email', '/colour']);
}

const lead = await postLead();
await tellWhatItDoes(lead);
await work(lead);
await readFigures(lead);
await useForm();
await makeKey();
await makeMistakes();
console.log('the tour is done');
