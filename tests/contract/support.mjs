// A daemon of our own for each test, and counts like Check's, so that scripts/test adds them up.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DEADLINE_MS = 10_000;
const SHOWN_MAX = 20;

let checks = 0;
let failures = 0;

/** Counts one check; what failed is told, up to a screenful. */
export function expect(what, holds) {
    checks += 1;
    if (holds) return true;
    failures += 1;
    if (failures <= SHOWN_MAX) console.log(`FAILED: ${what}`);
    return false;
}

export function expectEqual(what, actual, wanted) {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(wanted)];
    return expect(`${what}: ${a}, not ${b}`, a === b);
}

/** Runs `test` with a fresh folder and a daemon on it, then prints Check's summary line. */
export async function main(test) {
    const folder = mkdtempSync(join(tmpdir(), 'funneld-contract-'));
    let daemon;
    try {
        daemon = await start(folder);
        await test({ folder, ...daemon });
    } catch (error) {
        expect(`the test comes to its end: ${error.stack ?? error}`, false);
    }
    if (daemon) expectEqual('SIGTERM ends the daemon', await daemon.stop(), 0);
    rmSync(folder, { recursive: true, force: true });
    const percent = Math.floor((100 * (checks - failures)) / Math.max(checks, 1));
    console.log(`${percent}%: Checks: ${checks}, Failures: ${failures}, Errors: 0`);
    process.exit(failures ? 1 : 0);
}

async function start(folder) {
    const database = join(folder, 'funneld.db');
    const child = spawn(process.env.FUNNELD_TEST_PROGRAM, ['serve'], {
        env: { ...process.env, FUNNELD_DATABASE: database, FUNNELD_LISTEN: '127.0.0.1:0' },
        stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise((resolve) => {
        child.on('exit', (code, signal) => resolve(code ?? signal));
    });
    const log = { text: '' };
    const url = await new Promise((resolve, reject) => {
        const complain = () => reject(new Error(`the daemon does not start: ${log.text}`));
        const timer = setTimeout(complain, DEADLINE_MS);
        child.on('exit', complain);
        child.stderr.setEncoding('utf8').on('data', (data) => {
            log.text += data;
            const found = /listens on (http:[^\s,"]*)/.exec(log.text);
            if (!found) return;
            clearTimeout(timer);
            resolve(found[1]);
        });
    });
    const stop = () => {
        child.kill('SIGTERM');
        return ended;
    };
    const key = readFileSync(join(folder, 'admin.key'), 'utf8').trim();
    return { url, log, database, stop, key };
}

/** Runs a program to its end; its output and status. */
export function run(command, args, options = {}) {
    return new Promise((resolve, reject) => {
        const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
        let output = '';
        for (const stream of [child.stdout, child.stderr])
            stream.setEncoding('utf8').on('data', (data) => (output += data));
        child.on('error', reject);
        child.on('close', (status) => resolve({ status, output }));
    });
}

/** Path of a program that a package of ours brings. */
export const tool = (name) => new URL(`node_modules/.bin/${name}`, import.meta.url).pathname;
