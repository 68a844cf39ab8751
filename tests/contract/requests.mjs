// Generated requests, valid and nearly so, over connections that stay open: no answer but those that
// the contract tells of, in status, shape and headers; nothing done that it forbids; never a 5xx.
// FUNNELD_TEST_SEED and FUNNELD_TEST_ITERATIONS say where they begin and how many there are.
import http from 'node:http';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { encode, Generator } from './generate.mjs';
import { expect, expectEqual, main } from './support.mjs';

const LONG = process.env.FUNNELD_TEST_LONG ? 10 : 1;
const COUNT = Number(process.env.FUNNELD_TEST_ITERATIONS || 20_000 * LONG);
const SEED = Number(process.env.FUNNELD_TEST_SEED || 20261125);
const CHUNK = 500;
const CONNECTIONS = 12;

/* Headers of every answer of a web server; all others must be in the contract. */
const PLAIN = new Set(['date', 'connection', 'keep-alive', 'content-length', 'content-type',
    'content-encoding', 'cache-control', 'vary', 'allow', 'x-content-type-options', 'x-frame-options',
    'content-security-policy', 'referrer-policy', 'permissions-policy']);
const isPlain = (name) => PLAIN.has(name) || /^(access-control|cross-origin)-/.test(name);

class Contract {
    constructor(document) {
        this.document = document;
        this.ajv = new Ajv({ strict: false, allErrors: false, validateFormats: true });
        addFormats(this.ajv);
        /* The contract lets answers grow; here what it does not tell of is a mistake. */
        const closed = structuredClone(document);
        for (const schema of Object.values(closed.components.schemas))
            if (schema.properties) schema.additionalProperties ??= false;
        this.ajv.addSchema(closed, 'contract');
        /* With `fields` an answer has only some of the members; those it has are the same. */
        const parts = structuredClone(closed);
        for (const schema of Object.values(parts.components.schemas)) delete schema.required;
        this.ajv.addSchema(parts, 'parts');
        this.validators = new Map();
    }

    at(pointer) {
        return pointer.slice(2).split('/').reduce(
            (at, name) => at[decodeURIComponent(name).replaceAll('~1', '/')], this.document);
    }

    resolve(object) {
        return object?.$ref ? this.at(object.$ref) : object;
    }

    /** What is wrong with the value, or null. */
    complaint(schema, value, document = 'contract') {
        const text = JSON.stringify(schema).replaceAll('"#/', `"${document}#/`);
        let validate = this.validators.get(text);
        if (!validate) {
            validate = this.ajv.compile(JSON.parse(text));
            this.validators.set(text, validate);
        }
        return validate(value) ? null : this.ajv.errorsText(validate.errors);
    }
}

/** What the daemon is known to hold; wishes of requests are granted from here. */
class World {
    constructor() {
        this.ids = new Map();
        this.etags = ['"v1-s0"'];
        this.turn = 0;
    }

    keep(path, id) {
        const list = this.ids.get(path) ?? [];
        if (list.push(id) > 200) list.shift();
        this.ids.set(path, list);
    }

    pick(list) {
        this.turn += 1;
        return list.length ? list[(this.turn * 7919) % list.length] : 'none';
    }

    grant(value, path) {
        if (!value?.wish) return value;
        const all = [...this.ids.values()].flat();
        switch (value.wish) {
        case 'If-Match':
        case 'If-None-Match': return this.pick(this.etags);
        case 'Idempotency-Key': return `key-${(this.turn += 1) % 400}`;
        case 'key': return 'default';
        case 'form_key': return 'contact-us';
        case 'other': return this.pick(all);
        default: return this.pick(this.ids.get(value.of ?? path.split('/{')[0]) ?? all);
        }
    }
}

const deepGrant = (value, world) => {
    if (value?.wish) return world.grant(value);
    if (Array.isArray(value)) return value.map((one) => deepGrant(one, world));
    if (value === null || typeof value !== 'object') return value;
    const members = Object.entries(value).map(([name, one]) => [name, deepGrant(one, world)]);
    return Object.fromEntries(members);
};

function fill(request, world, keys) {
    const parts = request.parameters
        .map((one) => ({ ...one, value: world.grant(one.value, request.path) }));
    let target = request.path;
    for (const { name, value } of parts.filter((one) => one.in === 'path'))
        target = target.replace(`{${name}}`, value);
    const query = parts.filter((one) => one.in === 'query' && one.value !== undefined)
        .map((one) => `${encode(one.name)}=${one.value}`);
    if (request.more) query.push(request.more);
    const headers = { ...request.extra };
    for (const { name, value } of parts.filter((one) => one.in === 'header'))
        if (value !== undefined) headers[name] = value;
    if (request.key !== 'none')
        headers.Authorization = keys[request.key];
    const json = deepGrant(request.body.json, world);
    let body = request.body.text;
    if (json !== undefined) body = JSON.stringify(json);
    if (request.body.cut) body = body.slice(0, -1);
    if (request.type === 'application/x-www-form-urlencoded' && json && !request.body.cut)
        body = new URLSearchParams(Object.entries(json).map(([a, b]) => [a, `${b}`])).toString();
    if (body !== undefined && request.type) headers['Content-Type'] = request.type;
    const { cut = false } = request.body;
    if (query.length) target += `?${query.join('&')}`;
    return { ...request, json, cut, body, headers, target };
}

function send(agent, url, { method, target, headers, body }) {
    return new Promise((resolve, reject) => {
        const { hostname, port } = new URL(url);
        const bytes = body === undefined ? undefined : Buffer.from(body);
        if (bytes) headers = { ...headers, 'Content-Length': bytes.length };
        const options = { agent, hostname, port, method, path: target, headers };
        const request = http.request(options, (answer) => {
            const chunks = [];
            answer.on('data', (chunk) => chunks.push(chunk));
            answer.on('end', () => resolve({
                status: answer.statusCode,
                headers: answer.headers,
                body: Buffer.concat(chunks).toString(),
            }));
            answer.on('error', reject);
        });
        request.on('error', reject);
        request.end(bytes);
    });
}

const shown = (request, answer) =>
    `${request.method} ${request.target.slice(0, 300)} ${JSON.stringify(request.headers).slice(0, 300)} `
    + `${(request.body ?? '').slice(0, 500)}\n  -> ${answer.status} ${answer.body.slice(0, 600)}`;

/** What is wrong with the answer by the contract, or null. */
function judge(contract, request, answer) {
    const { path, method, operation } = request;
    if (answer.status >= 500) return 'a 5xx';
    const methods = contract.document.paths[path];
    const name = method === 'HEAD' ? 'get' : method.toLowerCase();
    const asked = methods[name];
    const type = (answer.headers['content-type'] ?? '').split(';')[0];
    const json = /json$/.test(type) && method !== 'HEAD' ? JSON.parse(answer.body) : undefined;
    if (!asked) {
        const early = [400, 404, 413, 414, 417, 431].includes(answer.status);
        const preflight = method === 'OPTIONS' && answer.status === 204;
        if (!early && !preflight && answer.status !== 405) return 'a method that is not there';
        if (answer.status === 405 && !answer.headers.allow) return '405 without Allow';
        if (preflight) return null;
        return json ? contract.complaint({ $ref: '#/components/schemas/Problem' }, json) : null;
    }
    const told = contract.resolve(asked.responses[answer.status]);
    if (!told) return 'a status that is not told of';
    return judgeHeaders(contract, told, answer) ?? judgeBody(contract, told, type, json, request, answer)
        ?? (asked === operation && method !== 'HEAD' ? judgeEffect(contract, request, answer, json) : null);
}

function judgeHeaders(contract, told, answer) {
    const known = Object.entries(told.headers ?? {});
    for (const [name, header] of known)
        if (contract.resolve(header).required && !answer.headers[name.toLowerCase()]) return `no ${name}`;
    const names = known.map(([name]) => name.toLowerCase());
    const strange = Object.keys(answer.headers)
        .filter((name) => !isPlain(name) && !names.includes(name));
    return strange.length ? `headers that are not told of: ${strange}` : null;
}

function judgeBody(contract, told, type, json, { method, target }, { status, body }) {
    if (!told.content) return body ? 'a body that is not told of' : null;
    const content = told.content[type];
    if (!content) return `a type that is not told of: ${type}`;
    if (method === 'HEAD') return null;
    const document = status === 200 && /[?&]fields=./.test(target) ? 'parts' : 'contract';
    return contract.complaint(content.schema, json ?? body, document);
}

/** What the contract forbids must not be done, and what it allows is not refused for its form. */
function judgeEffect(contract, request, answer, json) {
    const content = request.operation.requestBody?.content?.['application/json'];
    const isDone = answer.status < 300;
    if (!content || request.json === undefined || request.cut) return null;
    if (request.path.startsWith('/f/')) return null; /* forms are mended, never refused */
    if (!request.type.startsWith('application/json')) return null;
    const complaint = contract.complaint(content.schema, request.json);
    if (isDone && complaint && !json?.results) return `done, although by the contract ${complaint}`;
    if (!complaint && answer.status === 400 && /line \d|body/.test(json?.detail)
        && !request.body.includes('\\u0000') && !/too big|overflow/.test(json.detail))
        return 'refused, although the contract allows it';
    return null;
}

async function prepare(send, world) {
    const admin = (path, body) => send({ method: 'POST', target: path, key: 'admin', body });
    for (const [path, body] of [
        ['/v1/users', { email: 'bob@example.com', name: 'Bob' }],
        ['/v1/campaigns', { name: 'Spring fair' }],
        ['/v1/forms', { name: 'Contact', key: 'contact-us', redirect_hosts: ['www.example.com'] }],
        ['/v1/leads', { email: 'ann@example.com', company: 'Acme' }],
    ])
        world.keep(path, (await admin(path, body)).id);
    const keys = { wrong: 'Bearer fnl_wrong', basic: 'Basic YTpi' };
    for (const scope of ['read', 'write', 'ingest'])
        keys[scope] = `Bearer ${(await admin('/v1/keys', { name: scope, scopes: [scope] })).key}`;
    return keys;
}

/** Ids and ETags that later requests may use. */
function learn(world, request, answer) {
    if (answer.headers.etag && world.etags.push(answer.headers.etag) > 100) world.etags.shift();
    const [, path, id] = /^(\/v1\/[a-z-]+)\/([0-9a-f-]{36})$/.exec(answer.headers.location ?? '') ?? [];
    if (answer.status === 201 && id) world.keep(path, id);
    const lists = request.method === 'GET' && request.path === '/v1/submissions';
    const [first] = lists && answer.status === 200 ? JSON.parse(answer.body).data : [];
    if (first) world.keep('/v1/submissions', first.id);
}

await main(async ({ url, key }) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    const served = await send(agent, url, { method: 'GET', target: '/openapi.json' });
    const document = JSON.parse(served.body);
    const contract = new Contract(document);
    const generator = new Generator(document);
    const world = new World();
    const keys = { admin: `Bearer ${key}` };
    Object.assign(keys, await prepare(async ({ body, ...request }) => {
        const headers = { Authorization: keys.admin, 'Content-Type': 'application/json' };
        const answer = await send(agent, url, { ...request, headers, body: JSON.stringify(body) });
        expectEqual(`${request.target} makes one: ${answer.body}`, answer.status, 201);
        return JSON.parse(answer.body);
    }, world));

    const seen = new Map();
    const ask = async (request) => {
        const answer = await send(agent, url, request);
        const name = `${request.method} ${request.path}`;
        seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
        const complaint = judge(contract, request, answer);
        expect(`${name}: ${complaint}: ${shown(request, answer)}`, complaint === null);
        learn(world, request, answer);
        return answer;
    };
    /* What can be polled is asked for again at once, or nothing would ever still hold. */
    const once = async (wanted) => {
        const request = fill(wanted, world, keys);
        const { status, headers: { etag } } = await ask(request);
        if (status === 200 && etag && request.operation.responses[304])
            await ask({ ...request, headers: { ...request.headers, 'If-None-Match': etag } });
    };
    const any = generator.any();
    for (let done = 0; done < COUNT; done += CHUNK) {
        const numRuns = Math.min(CHUNK, COUNT - done);
        const wanted = fc.sample(any, { numRuns, seed: SEED + done });
        const worker = async () => {
            for (let next = wanted.pop(); next; next = wanted.pop()) await once(next);
        };
        await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    }
    agent.destroy();
    console.log(`seed ${SEED}, ${COUNT} requests:`, Object.fromEntries([...seen].sort()));
    if (COUNT >= 10_000)
        for (const status of [200, 201, 204, 303, 304, 400, 401, 403, 404, 405, 409, 412, 415, 422])
            expect(`a request that ends in ${status}`, seen.has(status));
});
