// A client made from the served contract compiles, and takes the README's tour.
import { cp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, main, run, tool } from './support.mjs';

const here = (name) => new URL(name, import.meta.url).pathname;

await main(async ({ url, key, folder, database }) => {
    for (const name of ['tour.ts', 'tsconfig.json', 'package.json'])
        await cp(here(name), join(folder, name));
    await symlink(here('node_modules'), join(folder, 'node_modules'));

    const types = [`${url}/openapi.json`, '-o', join(folder, 'contract.d.ts')];
    const made = await run(tool('openapi-typescript'), types);
    if (!expect(`types can be made from the contract: ${made.output}`, made.status === 0)) return;
    const compiled = await run(tool('tsc'), ['--project', folder]);
    if (!expect(`the client compiles: ${compiled.output}`, compiled.status === 0)) return;
    const tour = await run(process.execPath, [join(folder, 'tour.js'), url, key]);
    const done = tour.status === 0 && /the tour is done/.test(tour.output);
    expect(`the tour runs to its end: ${tour.output}`, done);
    const { output } = await run(process.env.FUNNELD_TEST_PROGRAM, ['check', '--database', database]);
    expect(`everything equals its recount: ${output}`, /no difference/.test(output));
});
