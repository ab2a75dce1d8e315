import { startWorld } from '../../demo/world.ts';

const WARM_UP = 100;

/**
 * The time of one evaluation through the embedded runtime, in milliseconds: over HTTP, with the caller's token checked,
 * and with what is known of the caller's session and of the target read from the database.
 */
export async function timesOfWholePath(questions: number): Promise<number[]> {
  const world = await startWorld();
  try {
    const client = await world.as('engineer');
    const evaluation = {
      subject: { type: 'user', id: 'engineer' },
      action: { name: 'tickets:read' },
      resource: { type: 'target', id: 'ticketing-ops' },
    };
    const times: number[] = [];
    for (let asked = 0; asked < WARM_UP + questions; asked += 1) {
      const startedAt = performance.now();
      const { status, body } = await client.post('/access/v1/evaluation', evaluation);
      times.push(performance.now() - startedAt);
      if (status !== 200 || body.decision !== true) throw new Error('What is measured is not permitted');
    }
    return times.slice(WARM_UP);
  } finally {
    await world.stop();
  }
}
