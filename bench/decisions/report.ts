import { rounded } from '../quantiles.ts';
import {
  type DecisionFigures,
  measureDecisions,
  measureWholePath,
  QUESTIONS,
  type Quantiles,
} from './measure.ts';

/** What a decision takes, in lines to read, as they are known. */
export async function* decisionLines(): AsyncGenerator<string> {
  yield `A decision, p50 / p95 / p99 in ms. Cedar, node-casbin and Cerbos have the same rules and were asked the same ${QUESTIONS} questions, with the`;
  yield 'same answers from all. What is over HTTP is in another process, asked one question at a time over one open connection:';
  const figures = await measureDecisions([10, 100, 1000, 10_000]);
  for (const of of figures) yield* linesOf(of);
  const [fewest, most] = [figures[0], figures.at(-1)];
  if (fewest && most) {
    yield `  An answer with ${most.policies} policies takes ${timesAsLong(most.answer, fewest.answer)} times as long (p95) as with ${fewest.policies} (aim: at most 1.25)`;
  }
  yield `  The whole way through the embedded runtime, which checks who asks and reads what it knows of them: ${inWords(await measureWholePath())}`;
}

function* linesOf(figures: DecisionFigures): Generator<string> {
  const { policies, permitted, answer, cerbos, load } = figures;
  yield `  ${policies} policies (${permitted} questions permitted):`;
  yield `    Sallyport, inside the function: ${inWords(answer)} (aim: p95 below 0.15)`;
  yield `      when it is first asked: ${inWords(figures.firstAnswer)}`;
  yield `      with what would turn a denial into a permit: ${inWords(figures.decision)}`;
  yield `    node-casbin, inside the process: ${inWords(figures.casbin)}`;
  yield `    Sallyport's engine behind a bare server, over HTTP: ${inWords(figures.bareServer)}`;
  if (cerbos === undefined) {
    yield '    Cerbos: not measured, for @cerbos/cerbos-linux-x64 is not installed: npm leaves it out but on Linux on x64';
  } else {
    yield `    Cerbos, over HTTP: ${inWords(cerbos)}`;
    yield `      p95: ${timesAsLong(cerbos, answer)} times that inside our function (aim at 1000 policies: 8), ${timesAsLong(cerbos, figures.bareServer)} times that of the bare server`;
  }
  yield `    To load them and answer once: ${rounded(load.milliseconds, 0)} ms (aim: below 2000), ${rounded(load.megabytes, 0)} MB; ${rounded(load.megabytesAfterQuestions, 0)} MB after ${QUESTIONS} questions (aim: below 150)`;
}

function inWords({ p50, p95, p99 }: Quantiles): string {
  return `${p50} / ${p95} / ${p99}`;
}

function timesAsLong(slower: Quantiles, faster: Quantiles): number {
  return rounded(slower.p95 / faster.p95);
}
