import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../local/asl/json.ts';
import { type Recording, replay } from './replay.ts';
import { createWorkbench } from './workbench.ts';

/**
 * Replays state machines whose behaviour was recorded on AWS itself (by the LocalStack project, Apache-2.0) and
 * compares status, output, error, cause and the events. The recordings are not part of this repository.
 */
const RECORDINGS = new URL('../../../../shared/corpus/asl-jsonata.json', import.meta.url);

const recordings: [name: string, Recording][] = existsSync(RECORDINGS)
  ? Object.entries(JSON.parse(readFileSync(RECORDINGS, 'utf8')) as Record<string, Recording>).map(
      ([name, recording]) => [name.replace(/^.*::/, ''), recording],
    )
  : [];

const isMixed = ([, recording]: [string, Recording]) => jsonpathPlacesIn(recording).length > 0;
const mixed = recordings.filter(isMixed);
const inJsonata = recordings.filter((recording) => !isMixed(recording));

describe.runIf(recordings.length > 0)('what AWS recorded', () => {
  let agreed = 0;

  it.each(inJsonata)('%s', async (_name, recording) => {
    await replay(recording);
    agreed += 1;
  });

  it.each(mixed)('refused, as it mixes in JSONPath: %s', (_name, recording) => {
    const places = jsonpathPlacesIn(recording).join('|');
    expect(() => createWorkbench().create(definitionIn(recording))).toThrow(new RegExp(`at (${places})[,']`));
    agreed += 1;
  });

  afterAll(() => {
    process.stdout.write(`Agree with what AWS recorded: ${agreed} of ${recordings.length}\n`);
  });
});

if (recordings.length === 0)
  it('is compared with what AWS recorded', ({ skip }) => skip('The recordings are not at hand'));

function definitionIn({ records }: Recording): string {
  return String(records.find(({ definition }) => definition !== undefined)?.definition);
}

/** The places of the query languages other than JSONata: of states that name one, or have none to inherit. */
function jsonpathPlacesIn(recording: Recording): string[] {
  const { States = {}, QueryLanguage = 'JSONPath' } = JSON.parse(definitionIn(recording)) as JsonObject;
  return Object.entries(States as Record<string, JsonObject>).flatMap(([name, state]) =>
    (state['QueryLanguage'] ?? QueryLanguage) === 'JSONata' ? [] : [`/States/${name}/QueryLanguage`],
  );
}
