// /docs in a real browser: it shows the operations, asks no other host for anything, and breaks
// none of its own rules (Content-Security-Policy).
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { chromium, open } from './chromium.mjs';
import { expect, expectEqual, main } from './support.mjs';

const TRIES = 150;
const PAUSE_MS = 200;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Follows what the browser asks for and complains of. */
function watch() {
    const asked = [];
    const complaints = [];
    const onEvent = (method, params) => {
        if (method === 'Network.requestWillBeSent') asked.push(params.request.url);
        if (method === 'Log.entryAdded' && params.entry.level === 'error')
            complaints.push(`${params.entry.text} ${params.entry.url}`);
        if (method === 'Runtime.exceptionThrown')
            complaints.push(params.exceptionDetails.exception?.description);
        if (method === 'Audits.issueAdded') complaints.push(JSON.stringify(params.issue));
    };
    return { asked, complaints, onEvent };
}

async function checkFiles(url) {
    const page = await fetch(`${url}/docs`);
    const text = await page.text();
    expectEqual('type of the page', page.headers.get('Content-Type'), 'text/html; charset=utf-8');
    expect('no eval', !/unsafe-eval/.test(page.headers.get('Content-Security-Policy')));
    const { paths } = await (await fetch(`${url}/openapi.json`)).json();
    for (const path of Object.keys(paths))
        expect(`the plain list has ${path}`, text.includes(`<code>${path}</code>`));
    expect('nothing from elsewhere', !/(src|href)="?(https?:)?\/\//.test(text));
    const [, script] = /src="([^"]*)"/.exec(text) ?? [];
    if (!expect('the build has embedded RapiDoc', script)) return false;
    const answer = await fetch(`${url}${script}`);
    expectEqual('status of the script', answer.status, 200);
    expect('it is RapiDoc', /RapiDoc/.test(await answer.text()));
    expect('it is kept for long', /max-age=31536000/.test(answer.headers.get('Cache-Control')));
    const headers = { 'If-None-Match': answer.headers.get('ETag') };
    const again = await fetch(`${url}${script}`, { headers });
    expectEqual('status when it is known', again.status, 304);
    expectEqual('another name', (await fetch(`${url}/docs/other.js`)).status, 404);
    return true;
}

async function checkBrowser(url, folder) {
    const { asked, complaints, onEvent } = watch();
    const tab = await open(folder, onEvent);
    for (const domain of ['Page', 'Network', 'Log', 'Runtime', 'Audits'])
        await tab.say(`${domain}.enable`);
    await tab.say('Page.navigate', { url: `${url}/docs` });
    const read = `document.querySelector('rapi-doc')?.shadowRoot?.textContent ?? ''`;
    const wanted = ['Create a lead', 'Conversion from stage to stage', 'Post a form'];
    let text = '';
    for (let i = 0; i < TRIES && !wanted.every((one) => text.includes(one)); i += 1) {
        await sleep(PAUSE_MS);
        text = await tab.evaluate(read);
    }
    for (const one of wanted) expect(`it shows "${one}"`, text.includes(one));
    expect('the contract was read', asked.includes(`${url}/openapi.json`));
    const foreign = asked
        .filter((one) => !one.startsWith(`${url}/`) && !/^(data|about|blob):/.test(one));
    expectEqual('requests to elsewhere', foreign, []);
    expectEqual('complaints', complaints, []);
    if (process.env.FUNNELD_TEST_PICTURE) {
        const { data } = await tab.say('Page.captureScreenshot', { format: 'png' });
        await writeFile(process.env.FUNNELD_TEST_PICTURE, Buffer.from(data, 'base64'));
    }
    await tab.close();
}

await main(async ({ url, folder }) => {
    const installed = existsSync(new URL('../../server/api/rapidoc/node_modules', import.meta.url));
    if (!installed || !chromium) {
        console.log('SKIP: Chromium or RapiDoc is not installed; scripts/test does that');
        expect('', true);
        return;
    }
    if (await checkFiles(url)) await checkBrowser(url, folder);
});
