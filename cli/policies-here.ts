import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import * as z from 'zod';
import { readPolicySources } from '../cdk/read-policies.ts';
import { compilePolicies } from '../lambdas/decision/compile-policies.cedar.ts';
import type { PolicySources } from '../lambdas/decision/compiled-policies.ts';
import { cedarPolicyEngine } from '../lambdas/decision/policy-engine.cedar.ts';
import type { PolicyJudge } from '../lambdas/decision/policy-engine.port.ts';
import { PolicyFilePath } from '../lambdas/decision/policy-sets.routes.ts';
import { runPolicyTests } from '../lambdas/decision/policy-tests.ts';
import {
  type DecisionDocument,
  decideRecorded,
  RecordedRequest,
} from '../lambdas/decision/recorded-request.ts';
import { CommandFailure, usageError } from './command-failure.ts';

// What is done with policies on this machine. It loads Cedar, so only the commands that need it load this.

/** @throws CommandFailure (usage) where there is no such folder */
export function readPolicies(directory: string): PolicySources {
  try {
    return readPolicySources(directory);
  } catch {
    throw usageError(`${directory} is no folder that can be read. Name the one that the policies are in.`);
  }
}

/** @throws CommandFailure (failed) that lists each problem with its file and line */
export function engineOf(files: PolicySources): PolicyJudge {
  const compilation = compilePolicies(files);
  if ('compiled' in compilation) return cedarPolicyEngine(compilation.compiled);
  throw new CommandFailure('failed', ['The policies are not valid:', ...compilation.problems].join('\n'));
}

export function testPolicies(files: PolicySources): ReturnType<typeof runPolicyTests> {
  return runPolicyTests(files, engineOf(files));
}

/**
 * Writes the files of a set into a new folder.
 * @throws CommandFailure where there is one already, or where a path would lead out of it
 */
export function writePolicies(directory: string, files: PolicySources): void {
  const entries = Object.entries(files);
  const astray = entries.find(([path]) => !PolicyFilePath.safeParse(path).success);
  if (astray !== undefined) throw new CommandFailure('failed', `${astray[0]} is no path of a policy’s file.`);
  try {
    mkdirSync(directory);
  } catch {
    throw usageError(
      `${directory} cannot be made. Name a folder that there is not yet, in one that there is.`,
    );
  }
  for (const [path, text] of entries) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text, { flag: 'wx' });
  }
}

/** One request that was recorded, and how it is found again. */
interface Recording {
  readonly name: string;
  readonly request: RecordedRequest;
}

/** What a file of recorded requests holds; what has no request in it is left out, and counted. */
export interface Recordings {
  readonly requests: readonly Recording[];
  readonly skipped: number;
}

const Line = z.object({ name: z.string().optional(), request: z.unknown() });

/**
 * Requests from a file: JSON, one object a line, as logs have them, or the cases of a policy test.
 * @throws CommandFailure (usage) that names the line or the case whose request cannot be asked
 */
export function readRecordings(file: string): Recordings {
  const entries = /\.ya?ml$/.test(file) ? casesIn(file) : linesIn(file);
  const requests = entries.flatMap(([where, entry]): Recording[] => {
    const { name = where, request } = Line.safeParse(entry).data ?? {};
    if (request === undefined) return [];
    const parsed = RecordedRequest.safeParse(request);
    if (!parsed.success) throw usageError(`${where}: ${z.prettifyError(parsed.error)}`);
    return [{ name, request: parsed.data }];
  });
  return { requests, skipped: entries.length - requests.length };
}

type Entry = readonly [where: string, entry: unknown];

function linesIn(file: string): Entry[] {
  return textOf(file)
    .split('\n')
    .flatMap((line, index): Entry[] => {
      if (line.trim() === '') return [];
      return [[`${file}:${index + 1}`, parsedLine(line)]];
    });
}

/** A log has lines of others, too: what is no JSON is no request. */
function parsedLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function casesIn(file: string): Entry[] {
  let document: unknown;
  try {
    document = parse(textOf(file), { merge: true });
  } catch (error) {
    throw error instanceof CommandFailure ? error : usageError(`${file} is not YAML.`);
  }
  const { cases } = z.object({ cases: z.array(z.unknown()) }).safeParse(document).data ?? {};
  if (cases === undefined) throw usageError(`${file} has no cases.`);
  return cases.map((each, index) => [`${file}, case ${index + 1}`, each]);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw usageError(`${file} is no file that can be read.`);
  }
}

/** A request that two sets of policies decide differently. */
export interface ChangedDecision {
  readonly name: string;
  readonly request: RecordedRequest;
  readonly before: DecisionDocument;
  readonly after: DecisionDocument;
}

/** The requests of which the decision, its obligations or the policies that determine it differ. */
export function changedDecisions(
  requests: readonly Recording[],
  before: PolicyJudge,
  after: PolicyJudge,
): ChangedDecision[] {
  return requests
    .map((recording) => ({
      ...recording,
      before: decideRecorded(before, recording.request),
      after: decideRecorded(after, recording.request),
    }))
    .filter((each) => !isDeepStrictEqual(each.before, each.after));
}
