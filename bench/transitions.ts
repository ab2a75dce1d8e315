import { createEngine } from '../local/asl/engine.ts';
import { SystemClock } from '../local/clock.ts';

const ROUNDS = 5000;
const EXECUTIONS = 20;
const TRANSITIONS_PER_EXECUTION = 2 * ROUNDS + 2;

/** A loop of a Pass and a Choice, each with short expressions over the input and a variable. */
const LOOP = {
  QueryLanguage: 'JSONata',
  StartAt: 'Start',
  States: {
    Start: { Type: 'Pass', Assign: { rounds: '{% $states.input.rounds %}' }, Next: 'Count' },
    Count: {
      Type: 'Pass',
      Output: { rounds: '{% $states.input.rounds - 1 %}', of: '{% $rounds %}' },
      Next: 'Again',
    },
    Again: {
      Type: 'Choice',
      Choices: [{ Condition: '{% $states.input.rounds > 0 %}', Next: 'Count' }],
      Default: 'Done',
    },
    Done: { Type: 'Succeed' },
  },
};

/** How many states a second the interpreter passes through, on one core, with its history kept. */
export async function measureTransitionsPerSecond(): Promise<{ transitionsPerSecond: number }> {
  const engine = createEngine({
    clock: new SystemClock(),
    region: 'us-east-1',
    accountId: '111111111111',
    invokeFunction: () => Promise.reject(new Error('No function is called')),
  });
  const { arn } = engine.stateMachines.create({
    name: 'loop',
    roleArn: 'arn:aws:iam::111111111111:role/bench',
    definition: JSON.stringify(LOOP),
  });
  const started = performance.now();
  for (let count = 0; count < EXECUTIONS; count += 1) {
    const input = JSON.stringify({ rounds: ROUNDS });
    const { executionArn } = engine.startExecution({ stateMachineArn: arn, input });
    await engine.settled();
    const { status, cause } = engine.describeExecution(executionArn);
    if (status !== 'SUCCEEDED') throw new Error(`The execution ended ${status}: ${cause}`);
  }
  const seconds = (performance.now() - started) / 1000;
  return { transitionsPerSecond: Math.round((EXECUTIONS * TRANSITIONS_PER_EXECUTION) / seconds) };
}
