// The served contract has nothing for the linter to say.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, expectEqual, main, run, tool } from './support.mjs';

await main(async ({ url, folder }) => {
    const answer = await fetch(`${url}/openapi.json`);
    expectEqual('status', answer.status, 200);
    expectEqual('type', answer.headers.get('Content-Type'), 'application/json');
    const file = join(folder, 'openapi.json');
    await writeFile(file, JSON.stringify(await answer.json(), null, 2));
    const config = new URL('redocly.yaml', import.meta.url).pathname;
    const { status, output } = await run(tool('redocly'), ['lint', '--config', config, file], {
        env: { ...process.env, REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', REDOCLY_TELEMETRY: 'off' },
    });
    const clean = status === 0 && /API description is valid/.test(output) && !/warning/.test(output);
    expect(`the lint is clean:\n${output}`, clean);
});
