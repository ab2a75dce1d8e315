import { describe, expect, it } from 'vitest';
import { CommandFailure } from '../../../cli/command-failure.ts';
import { waitFor } from '../../../cli/wait-for.ts';

/** Looks that give these, one after the other; a failure is thrown. */
function looking(...answers: (string | CommandFailure)[]) {
  const shown: string[] = [];
  return {
    shown,
    wait: {
      look: async () => {
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        if (answer instanceof CommandFailure) throw answer;
        return answer ?? '';
      },
      isOver: (state: string) => state === 'over',
      describe: (state: string) => state,
      progress: (line: string) => shown.push(line),
      later: 'Look again.',
      timeoutSeconds: 60,
      signal: new AbortController().signal,
    },
  };
}

describe('waiting', () => {
  it('is through answers that do not come', async () => {
    const { wait, shown } = looking('begun', new CommandFailure('unavailable', 'No answer'), 'over');
    expect(await waitFor(wait)).toBe('over');
    expect(shown).toEqual(['begun', 'Sallyport does not answer now; trying again.']);
  });

  it('ends with an answer that will not change', async () => {
    const { wait } = looking(new CommandFailure('notAuthenticated', 'The session is over'));
    await expect(waitFor(wait)).rejects.toMatchObject({ outcome: 'notAuthenticated' });
  });

  it('ends at its timeout, and says how to look again', async () => {
    const { wait } = looking('begun');
    await expect(waitFor({ ...wait, timeoutSeconds: 0.2 })).rejects.toMatchObject({
      outcome: 'notOver',
      message: expect.stringContaining('Look again.'),
    });
  });

  it('ends when its user has had enough', async () => {
    const { wait } = looking('begun');
    const stopped = new AbortController();
    const waiting = waitFor({ ...wait, progress: () => stopped.abort(), signal: stopped.signal });
    await expect(waiting).rejects.toMatchObject({ outcome: 'interrupted' });
  });
});
