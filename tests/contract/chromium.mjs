// A headless Chromium, spoken to over a pipe: no port, no driver.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

const DEADLINE_MS = 60_000;
const programs = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
export const chromium = programs.find((path) => existsSync(path));

/** Opens a tab in a browser of its own whose profile is in `folder`. */
export async function open(folder, onEvent) {
    const child = spawn(chromium, ['--headless=new', '--no-sandbox', '--disable-gpu',
        '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking',
        '--remote-debugging-pipe', `--user-data-dir=${folder}/chromium`, 'about:blank'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: folder } });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const waiting = new Map();
    let text = '';
    let last = 0;
    child.stdio[4].setEncoding('utf8').on('data', (data) => {
        const messages = (text + data).split('\0');
        text = messages.pop();
        for (const { id, result, error, method, params } of messages.map((one) => JSON.parse(one))) {
            if (method) onEvent(method, params);
            else if (error) waiting.get(id)?.reject(new Error(error.message));
            else waiting.get(id)?.resolve(result);
        }
    });
    let sessionId;
    const say = (method, params = {}) => new Promise((resolve, reject) => {
        const id = (last += 1);
        const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), DEADLINE_MS);
        const settle = (end) => (value) => {
            clearTimeout(timer);
            waiting.delete(id);
            end(value);
        };
        waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
        child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
    const { targetId } = await say('Target.createTarget', { url: 'about:blank' });
    ({ sessionId } = await say('Target.attachToTarget', { targetId, flatten: true }));
    const evaluate = async (expression) => {
        const wish = { expression, returnByValue: true, awaitPromise: true };
        const answer = await say('Runtime.evaluate', wish);
        return answer.result.value;
    };
    const close = async () => {
        child.kill('SIGTERM');
        await ended;
    };
    return { say, evaluate, close };
}
