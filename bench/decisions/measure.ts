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
import type { DecisionPoint, DecisionServer } from './decision-point.ts';
import type { LoadFigures } from './load.ts';
import { type Question, questionsAbout, rulesOf } from './rules.ts';
import { type Sallyport, sallyport } from './sallyport.ts';
import { timesOfWholePath } from './whole-path.ts';

export const QUESTIONS = 1000;
const ROUNDS = 3;
/** One after the other: what is measured is one question's time, not how many there can be at once. */
const CONNECTIONS = 1;
/** Who is measured takes turns after so many questions: what disturbs the machine disturbs everybody. */
const TURN = 100;
/** With more policies than that, node-casbin is timed with fewer questions: it looks at every policy for each. */
const MOST_POLICIES_FOR_ALL_QUESTIONS = 1000;

/** In milliseconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface DecisionFigures {
  readonly policies: number;
  /** How many of the questions everybody answers with a permit. */
  readonly permitted: number;
  /** The engine, asked what was not asked before: it has to parse the policies first. */
  readonly firstAnswer: Quantiles;
  readonly answer: Quantiles;
  /** With what would turn a denial into a permit. */
  readonly decision: Quantiles;
  readonly casbin: Quantiles;
  /** Our engine behind HTTP. */
  readonly bareServer: Quantiles;
  /** Undefined where it is not installed. */
  readonly cerbos: Quantiles | undefined;
  readonly load: LoadFigures;
}

/** The same rules at everybody. */
interface Case {
  readonly policies: number;
  readonly questions: readonly Question[];
  readonly sallyport: Sallyport;
  readonly casbin: DecisionPoint;
  readonly bareServer: DecisionServer;
  readonly cerbos: DecisionServer | undefined;
  readonly load: LoadFigures;
}

/**
 * The time of a decision with each of so many policies, beside node-casbin and Cerbos with the same rules and the same
 * questions.
 * @throws Error where not everybody gives the same answers
 */
export async function measureDecisions(counts: readonly number[]): Promise<DecisionFigures[]> {
  const cases: Case[] = [];
  try {
    for (const count of counts) cases.push(await prepared(count));
    return await measured(cases);
  } finally {
    for (const { bareServer, cerbos } of cases) {
      await bareServer.stop();
      await cerbos?.stop();
    }
  }
}

/** The time of an evaluation through the embedded runtime with the policies of the repository. */
export async function measureWholePath(): Promise<Quantiles> {
  return quantiles(await timesOfWholePath(QUESTIONS));
}

async function prepared(policies: number): Promise<Case> {
  const rules = rulesOf(policies);
  const questions = questionsAbout(rules, QUESTIONS);
  const compiled = cedarPolicies(rules);
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-policies-'));
  try {
    writeFileSync(join(directory, 'policies.json'), JSON.stringify(compiled));
    return {
      policies,
      questions,
      load: await loadFigures(directory, policies),
      sallyport: sallyport(compiled),
      casbin: await casbin(rules, questions),
      cerbos: await startCerbos(rules, CONNECTIONS),
      bareServer: await startBareServer(directory, CONNECTIONS),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measured(cases: readonly Case[]): Promise<DecisionFigures[]> {
  await warmUp();
  const measurements = cases.map((one) => ({ of: one, permitted: 0, ...seriesOf(one) }));
  await inTurns(
    measurements.map(({ firstAnswer }) => firstAnswer),
    1,
  );
  for (const measurement of measurements) measurement.permitted = await agreed(measurement.of);
  await inTurns(
    measurements.flatMap(({ answer, decision, casbin }) => [answer, decision, casbin]),
    ROUNDS,
  );
  await inTurns(
    measurements.flatMap(({ bareServer, cerbos }) => [bareServer, ...(cerbos ? [cerbos] : [])]),
    ROUNDS,
  );
  return measurements.map(({ of, permitted, ...series }) => ({
    policies: of.policies,
    permitted,
    firstAnswer: quantiles(series.firstAnswer.times),
    answer: quantiles(series.answer.times),
    decision: quantiles(series.decision.times),
    casbin: quantiles(series.casbin.times),
    bareServer: quantiles(series.bareServer.times),
    cerbos: series.cerbos && quantiles(series.cerbos.times),
    load: of.load,
  }));
}

/** The times of somebody's answers, in milliseconds. */
interface Series {
  readonly answer: (question: Question) => boolean | Promise<boolean>;
  readonly questions: readonly Question[];
  readonly times: number[];
}

function seriesOf({ policies, questions, sallyport, casbin, bareServer, cerbos }: Case) {
  const series = ({ answer }: Pick<Series, 'answer'>, of = questions): Series => ({
    answer,
    questions: of,
    times: [],
  });
  const fewer = questions.filter((_, place) => place % 10 === 0);
  return {
    firstAnswer: series(sallyport.answers),
    answer: series(sallyport.answers),
    decision: series(sallyport.decides),
    casbin: series(casbin, policies > MOST_POLICIES_FOR_ALL_QUESTIONS ? fewer : questions),
    bareServer: series(bareServer),
    cerbos: cerbos && series(cerbos),
  };
}

/** Another engine, so that the code is compiled and no policy is parsed that will be asked. */
async function warmUp(): Promise<void> {
  const rules = rulesOf(MOST_POLICIES_FOR_ALL_QUESTIONS);
  const { answer } = sallyport(cedarPolicies(rules)).decides;
  await inTurns([{ answer, questions: questionsAbout(rules, QUESTIONS), times: [] }], ROUNDS);
}

async function inTurns(all: readonly Series[], rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (let from = 0; from < QUESTIONS; from += TURN) {
      for (const { answer, questions, times } of all) {
        for (const question of questions.slice(from, from + TURN)) {
          const startedAt = performance.now();
          const answered = answer(question);
          if (typeof answered !== 'boolean') await answered;
          times.push(performance.now() - startedAt);
        }
      }
    }
  }
}

/** Asks everybody everything. @returns how many questions are permitted */
async function agreed({ questions, sallyport, casbin, bareServer, cerbos }: Case): Promise<number> {
  let permitted = 0;
  for (const question of questions) {
    const answers = {
      answer: sallyport.answers.answer(question),
      decision: sallyport.decides.answer(question),
      casbin: casbin.answer(question),
      bareServer: await bareServer.answer(question),
      ...(cerbos && { cerbos: await cerbos.answer(question) }),
    };
    if (new Set(Object.values(answers)).size > 1) {
      throw new Error(`Not the same answers: ${JSON.stringify({ question, answers })}`);
    }
    if (answers.answer) permitted += 1;
  }
  if (permitted < questions.length / 10 || permitted > (questions.length * 9) / 10) {
    throw new Error(`Of ${questions.length} questions ${permitted} are permitted: they tell little apart`);
  }
  return permitted;
}

async function loadFigures(directory: string, policies: number): Promise<LoadFigures> {
  const program = join(import.meta.dirname, 'load.ts');
  const loading = fork(program, [directory, String(policies), String(QUESTIONS)]);
  const [[figures]] = await Promise.all([once(loading, 'message'), once(loading, 'exit')]);
  return figures as LoadFigures;
}

function quantiles(times: readonly number[]): Quantiles {
  const at = (share: number) => rounded(quantile(times, share), 3);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
