import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantile, rounded } from '../quantiles.ts';
import { startBareServer } from './bare-server.ts';
import { casbin } from './casbin.ts';
import { cedarPolicies } from './cedar.ts';
import { startCerbos } from './cerbos.ts';
import type { LoadFigures } from './load.ts';
import { type Question, questionsAbout, rulesOf } from './rules.ts';
import { sallyport } from './sallyport.ts';
import { timesOfWholePath } from './whole-path.ts';

const QUESTIONS = 1000;
const ROUNDS = 3;
/** One after the other: what is measured is one question's time, not how many there can be at once. */
const CONNECTIONS = 1;
/** Who is measured takes turns after so many questions: what disturbs the machine disturbs everybody. */
const TURN = 100;
/** With more policies than that, node-casbin is timed with every tenth question: it looks at each policy each time. */
const MOST_FOR_ALL = 1000;

/** In milliseconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface DecisionFigures {
  readonly policies: number;
  /** How many of the questions are answered with a permit, by everybody. */
  readonly permitted: number;
  /** Questions that were not asked before: their policies had to be parsed. */
  readonly firstAsked: Quantiles;
  /** By who answers; inside the process. */
  readonly inside: Readonly<Record<'answer' | 'decision' | 'casbin', Quantiles>>;
  /** By who answers; over HTTP on 127.0.0.1. Without Cerbos where it is not installed. */
  readonly overHttp: { readonly sallyport: Quantiles; readonly cerbos?: Quantiles };
  readonly load: LoadFigures;
}

type Answer = (question: Question) => boolean | Promise<boolean>;

/**
 * The time of a decision with so many policies, beside node-casbin and Cerbos with the same rules and the same questions.
 * @throws Error where not everybody gives the same answers
 */
export async function measureDecisions(policies: number): Promise<DecisionFigures> {
  const rules = rulesOf(policies);
  const questions = questionsAbout(rules, QUESTIONS);
  const compiled = cedarPolicies(rules);
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-policies-'));
  writeFileSync(join(directory, 'policies.json'), JSON.stringify(compiled));
  const load = await loadFigures(directory, policies);
  const bare = await startBareServer(directory, CONNECTIONS);
  const cerbos = await startCerbos(rules, CONNECTIONS);
  try {
    await timed({ warmUp: sallyport(compiled).decides.answer }, questions, 1);
    const { answers, decides } = sallyport(compiled);
    const casbinPoint = await casbin(rules, questions);
    const inside = { answer: answers.answer, decision: decides.answer, casbin: casbinPoint.answer };
    const overHttp: { sallyport: Answer; cerbos?: Answer } = {
      sallyport: bare.answer,
      ...(cerbos && { cerbos: cerbos.answer }),
    };

    const first = await timed({ answer: answers.answer }, questions, 1);
    const permitted = await agreed({ ...inside, ...overHttp }, questions);
    return {
      policies,
      permitted,
      firstAsked: first.answer,
      inside: {
        ...(await timed({ answer: inside.answer, decision: inside.decision }, questions, ROUNDS)),
        ...(await timed({ casbin: inside.casbin }, sampled(questions, policies), ROUNDS)),
      },
      overHttp: await timed(overHttp, questions, ROUNDS),
      load,
    };
  } finally {
    await bare.stop();
    await cerbos?.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The time of an evaluation through the embedded runtime with the policies of the repository. */
export async function measureWholePath(): Promise<Quantiles> {
  return quantiles(await timesOfWholePath(QUESTIONS));
}

/** Asks everybody everything. @returns how many questions are permitted */
async function agreed(
  points: Readonly<Record<string, Answer>>,
  questions: readonly Question[],
): Promise<number> {
  let permitted = 0;
  for (const question of questions) {
    const answers = await Promise.all(
      Object.entries(points).map(async ([name, answer]) => [name, await answer(question)] as const),
    );
    if (new Set(answers.map(([, answer]) => answer)).size > 1) {
      throw new Error(`Not the same answers: ${JSON.stringify({ question, answers })}`);
    }
    if (answers[0]?.[1] === true) permitted += 1;
  }
  if (permitted < questions.length / 10 || permitted > (questions.length * 9) / 10) {
    throw new Error(`Of ${questions.length} questions ${permitted} are permitted: they tell little apart`);
  }
  return permitted;
}

/** The time of an answer, of everybody by name. */
async function timed<Points extends object>(
  points: Points,
  questions: readonly Question[],
  rounds: number,
): Promise<{ [Name in keyof Points]: Quantiles }> {
  const timesOf = (Object.entries(points) as [string, Answer][]).map(([name, answer]) => ({
    name,
    answer,
    times: [] as number[],
  }));
  for (let round = 0; round < rounds; round += 1) {
    for (let from = 0; from < questions.length; from += TURN) {
      for (const { answer, times } of timesOf) {
        for (const question of questions.slice(from, from + TURN)) {
          const startedAt = performance.now();
          const answered = answer(question);
          if (typeof answered !== 'boolean') await answered;
          times.push(performance.now() - startedAt);
        }
      }
    }
  }
  const figures = Object.fromEntries(timesOf.map(({ name, times }) => [name, quantiles(times)]));
  return figures as { [Name in keyof Points]: Quantiles };
}

function sampled(questions: readonly Question[], policies: number): Question[] {
  return questions.filter((_, place) => policies <= MOST_FOR_ALL || place % 10 === 0);
}

async function loadFigures(directory: string, policies: number): Promise<LoadFigures> {
  const loading = fork(join(import.meta.dirname, 'load.ts'), [
    directory,
    String(policies),
    String(QUESTIONS),
  ]);
  const [[figures]] = await Promise.all([once(loading, 'message'), once(loading, 'exit')]);
  return figures as LoadFigures;
}

function quantiles(times: readonly number[]): Quantiles {
  const at = (share: number) => rounded(quantile(times, share), 3);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
