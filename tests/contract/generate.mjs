// Requests made from the contract, valid and nearly so. What depends on the state of the daemon
// (ids, ETags, keys) stands in a request as a wish, and is filled in when it is sent.
import fc from 'fast-check';

const UNKNOWN_ID = '019aab3f-7c1e-7abc-8def-0123456789ab';

const often = (arbitrary, weight, ...rest) =>
    fc.oneof({ arbitrary, weight }, ...rest.map((other) => ({ arbitrary: other, weight: 1 })));

const collections = { campaign: '/v1/campaigns', owner: '/v1/users', form: '/v1/forms' };
const id = (name) => often(fc.constant({ wish: 'id', of: collections[name] ?? '/v1/leads' }), 6,
    fc.constant(UNKNOWN_ID), fc.constant({ wish: 'other' }));

/** What the contract cannot tell: values that mean something, by the name of the member. */
const word = fc.constantFrom('web', 'search', 'fair', 'Zürich', '東京', 'a b', "O'Hara");
const mailbox = fc.nat({ max: 3000 }).map((n) => `person${n}@example.com`);
const stage = fc.constantFrom('target', 'mql', 'sql', 'demo', 'proposal', 'close');

/* Conditions of any shape, most of them sound. */
const test = (key, names) => fc.record({
    [key]: fc.constantFrom(...names),
    op: fc.constantFrom('eq', 'ne', 'in', 'not_in', 'gt', 'lte', 'between', 'contains', 'starts',
        'present', 'absent', 'like'),
    value: fc.oneof(word, fc.integer(), fc.boolean(), fc.array(fc.oneof(word, fc.integer()))),
}, { requiredKeys: [key, 'op'] });
const attributeTest = test('field', ['country', 'score', 'status', 'created_at', 'owner', 'colour']);
const activityTest = fc.record({
    activity: fc.constantFrom('page_view', 'call', 'No Word'),
    where: fc.array(test('property', ['url', 'seconds'])),
    count: fc.dictionary(fc.constantFrom('gte', 'lte', 'eq'), fc.integer({ min: -1, max: 4 })),
    within_days: fc.integer({ min: 0, max: 400 }),
}, { requiredKeys: ['activity'] });
const { condition } = fc.letrec((tie) => ({
    condition: fc.oneof({ maxDepth: 10, depthSize: 'small' }, attributeTest, activityTest,
        fc.record({ all: fc.array(tie('condition'), { maxLength: 4 }) }),
        fc.record({ any: fc.array(tie('condition'), { maxLength: 4 }) }),
        fc.record({ not: tie('condition') })),
}));

const hints = {
    condition,
    filters: fc.record({
        filter: fc.constantFrom('score[gte]', 'country[in]', 'city', 'owner[present]',
            'created_at[lt]', 'score[like]', 'colour[eq]'),
        text: fc.constantFrom('5', 'US,CA', 'true', '2026-01-01T00:00:00Z', '', 'x'),
    }),
    email: often(mailbox, 9,
        fc.constantFrom('Ann+tag@Example.COM', 'ann@bücher.example', 'no address')),
    phone: fc.nat({ max: 999 }).map((n) => `+41 44 668 ${1000 + n}`),
    lead_ids: fc.array(id('lead_id'), { minLength: 1, maxLength: 5 }),
    currency: often(fc.constant('USD'), 20, fc.constantFrom('EUR', 'EU')),
    stage: often(stage, 20, fc.constant('nowhere')),
    to: often(stage, 9, fc.constantFrom('won', 'lost', 'nowhere')),
    pipeline: often(fc.constant('default'), 20, fc.constant('nowhere')),
    type: often(fc.constantFrom('page_view', 'demo_requested', 'email_opened', 'call', 'note'), 20,
        fc.constant('A Type')),
    scopes: fc.uniqueArray(often(fc.constantFrom('read', 'write', 'ingest', 'admin'), 20,
        fc.constant('all')), { minLength: 1 }),
    external_id: fc.nat({ max: 500 }).map((n) => `x-${n}`),
    source_system: fc.constantFrom('crm', 'site'),
    source: word,
    country: word,
    cursor: fc.constantFrom('', 'x', UNKNOWN_ID, `-created_at.1.${UNKNOWN_ID}`, `1.${UNKNOWN_ID}`),
    sort: fc.constantFrom('score', '-score', '-created_at,id', 'stage_entered_at', 'size'),
    fields: fc.constantFrom('id', 'id,email', 'nothing', ''),
    redirect_hosts: fc.constantFrom([], ['www.example.com'], ['a b']),
    allowed_origins: fc.constantFrom([], ['https://www.example.com'], ['example']),
};

const text = (max) => {
    const some = fc.string({ unit: 'binary', maxLength: Math.min(max, 40) });
    const brim = fc.constantFrom(max, max + 1, max - 1).map((length) => 'é'.repeat(length));
    return often(some.map((value) => value.replaceAll('\0', '')), 8, brim, fc.constant(' '), some);
};
const instant = fc.date({ min: new Date('2024-01-01'), max: new Date(), noInvalidDate: true });
const formats = {
    'date-time': instant.map((date) => date.toISOString()),
    date: instant.map((date) => date.toISOString().slice(0, 10)),
};

/* What makes a request strange, whatever its operation. */
const methods = fc.constantFrom('GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'POST', 'TRACE',
    'BREW');
const extraQueries = fc.constantFrom('unknown=1', 'limit=1&limit=2', '&&', '=', 'a=%zz',
    'x'.repeat(2050));
const mediaTypes = fc.constantFrom('application/json; charset=utf-8', 'application/merge-patch+json',
    'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '',
    'application/jsonx');
const keys = fc.constantFrom('read', 'write', 'ingest', 'none', 'wrong', 'basic');
const extraHeaders = fc.constantFrom({ Accept: 'text/html' }, { Expect: 'tea' },
    { 'Sec-Fetch-Mode': 'navigate' }, { Origin: 'https://www.example.com' },
    { 'X-Request-Id': 'mine-1' }, { 'X-Long': 'y'.repeat(21000) });

const visits = fc.constantFrom({}, { 'Sec-Fetch-Mode': 'navigate' });

export class Generator {
    constructor(contract) {
        this.contract = contract;
        this.operations = Object.entries(contract.paths).flatMap(([path, methods]) =>
            Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
    }

    resolve(schema) {
        if (!schema.$ref) return schema;
        return schema.$ref.slice(2).split('/').reduce((at, name) => at[name], this.contract);
    }

    /** A value that the schema allows. */
    value(given, name) {
        const schema = this.resolve(given);
        const types = [schema.type].flat();
        if (types.includes('null')) {
            const type = types.filter((one) => one !== 'null');
            const names = schema.enum?.filter((one) => one !== null);
            const rest = { ...schema, type, ...(names && { enum: names }) };
            return often(this.value(rest, name), 9, fc.constant(null));
        }
        if (schema.enum) return fc.constantFrom(...schema.enum);
        if (hints[name]) return hints[name];
        if (schema.format === 'uuid') return id(name);
        if (formats[schema.format]) return formats[schema.format];
        switch (types[0]) {
        case 'string': return text(schema.maxLength ?? 60);
        case 'boolean': return fc.boolean();
        case 'number':
        case 'integer': return this.number(schema);
        case 'array': return this.list(schema);
        default:
            return schema.properties ? this.object(schema) : fc.dictionary(fc.string(), fc.jsonValue());
        }
    }

    number({ minimum = -1e6, maximum = 1e6 }) {
        const within = (n) => minimum + (Math.abs(n) % (maximum - minimum + 1));
        return often(fc.maxSafeInteger().map(within), 3, fc.constantFrom(minimum, maximum));
    }

    list(schema) {
        const { minItems = 0, maxItems = 5 } = schema;
        const item = this.value(schema.items, '');
        return fc.array(item, { minLength: minItems, maxLength: Math.min(maxItems, minItems + 4) });
    }

    object(schema) {
        const members = Object.entries(schema.properties)
            .map(([name, one]) => [name, this.value(one, name)]);
        return fc.record(Object.fromEntries(members), { requiredKeys: schema.required ?? [] });
    }

    /** An object of the schema with one thing wrong. */
    nearly(schema, whole) {
        const names = Object.keys(schema.properties ?? {});
        if (names.length === 0) return fc.jsonValue();
        const wrong = fc.constantFrom(null, true, -1, 1.5, 1e15 + 1, '', ' ', 'x', 'y'.repeat(3000), [],
            {}, [null], ['x', 'x'], '2026-02-30', '2026-11-22T25:00:00Z', '2026-11-22 10:00:00Z');
        return fc.tuple(whole, fc.constantFrom(...names), wrong, fc.constantFrom('set', 'drop', 'add'))
            .map(([object, name, value, how]) => {
                const { [name]: dropped, ...rest } = object;
                if (how === 'drop') return rest;
                return { ...object, [how === 'set' ? name : `${name}_`]: value };
            });
    }

    body(operation) {
        const content = operation.requestBody?.content;
        if (!content) return often(fc.constant({}), 20, fc.constant({ text: '{"a":1}' }));
        const schema = this.resolve(content['application/json'].schema);
        const whole = schema.properties ? this.object(schema) : this.form();
        const json = (arbitrary) => arbitrary.map((value) => ({ json: value }));
        const broken = fc.constantFrom('', '{', '[]', '"x"', 'null', '{"a":1,"a":2}', '{}{}',
            '\ufeff{}', '[['.repeat(40), '{"a":"\\u0000"}', '{"email":"\\ud800"}',
            '{"amount_minor":1e400}', 'a=1&b=2');
        return fc.oneof(
            { weight: 12, arbitrary: json(whole) },
            { weight: 6, arbitrary: json(this.nearly(schema, whole)) },
            { weight: 1, arbitrary: json(fc.jsonValue()) },
            { weight: 1, arbitrary: broken.map((value) => ({ text: value })) },
            { weight: 1, arbitrary: json(whole).map((one) => ({ ...one, cut: true })) });
    }

    /** What pages post to a form. */
    form() {
        const names = fc.constantFrom('email', 'name', 'company', 'message', '_gotcha', '_next', 'a[b]');
        const page = fc.constant('https://www.example.com/');
        return fc.dictionary(names, fc.oneof(hints.email, word, page));
    }

    parameter(parameter) {
        const { name, in: place, schema } = this.resolve(parameter);
        if (place === 'path') {
            const good = fc.constant({ wish: name });
            return often(good, 8, fc.constantFrom({ wish: 'other' }, UNKNOWN_ID,
                UNKNOWN_ID.toUpperCase(), 'x', '%00', '%ff', '%2e%2e', 'a%2Fb', UNKNOWN_ID.slice(1),
                '0'.repeat(300)));
        }
        if (place === 'header') return often(fc.constant(undefined), 3, fc.constant({ wish: name }),
            fc.constantFrom('*', '', '"', '"v1"', '"v0-s0"', 'W/"v1"', 'x'.repeat(256)));
        const wrong = fc.constantFrom('', '0', '-1', '201', 'x', '1.5', '%', '%00', '%ff',
            '9'.repeat(30), '2026-13-01', 'true', 'a'.repeat(201), '%c3%a9');
        const right = this.value(schema, name)
            .map((value) => (value.wish || value.filter ? value : encode(`${value}`)));
        return fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) },
            { weight: 6, arbitrary: right }, { weight: 1, arbitrary: wrong });
    }

    parameters(operation) {
        const known = operation.parameters.map((one) => this.resolve(one));
        return fc.tuple(...known.map((one) => this.parameter(one))).map((values) =>
            known.map((one, i) => (values[i]?.filter
                ? { name: values[i].filter, in: one.in, value: encode(values[i].text) }
                : { name: one.name, in: one.in, value: values[i] })));
    }

    request({ path, method, operation }) {
        return fc.record({
            path: fc.constant(path),
            operation: fc.constant(operation),
            method: often(fc.constant(method.toUpperCase()), 25, methods),
            parameters: this.parameters(operation),
            more: often(fc.constant(''), 25, extraQueries),
            body: this.body(operation),
            type: often(fc.constant('application/json'), 20, mediaTypes),
            key: often(fc.constant('admin'), 12, keys),
            extra: path.startsWith('/f/') ? fc.oneof(visits, visits, extraHeaders)
                : often(fc.constant({}), 20, extraHeaders),
        });
    }

    any() {
        return fc.oneof(...this.operations.map((one) => ({
            weight: one.method === 'get' ? 2 : 3,
            arbitrary: this.request(one),
        })));
    }
}

/** Percent-encoded; what is no text (half a surrogate pair) becomes the replacement character. */
export function encode(value) {
    return encodeURIComponent(value.toWellFormed?.() ?? Buffer.from(value).toString());
}
