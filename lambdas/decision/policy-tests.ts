import { isDeepStrictEqual } from 'node:util';
import { isMap, isSeq, LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import type { PolicyJudge } from './policy-engine.port.ts';
import { decideRecorded, ObligationsDocument, RecordedRequest } from './recorded-request.ts';

/** What a policy test's file is called. */
export const POLICY_TEST_FILE = /\.test\.yaml$/;

const PolicyCase = z.strictObject({
  name: z.string().min(1),
  request: RecordedRequest,
  decision: z.enum(['permitted', 'obliged', 'denied']),
  /** All the policies that determine it, in any order; none of a denial by default. */
  policies: z.array(z.string()),
  /** Of what is obliged: what would permit it. */
  obligations: ObligationsDocument.optional(),
});

const PolicyTestFile = z.object({ cases: z.array(z.unknown()).min(1) });

export interface PolicyTestReport {
  /** How many cases there are. */
  readonly cases: number;
  /** What is wrong with them, each as `policies/<file>:<line>: <case>: <message>`. */
  readonly problems: readonly string[];
}

/**
 * Asks the engine what each case of the tests asks. A file that cannot be read is a problem like a case that is decided
 * otherwise than it says: nothing is passed over.
 * @param files by their path; what is no test is left out
 */
export function runPolicyTests(
  files: Readonly<Record<string, string>>,
  engine: PolicyJudge,
): PolicyTestReport {
  const reports = Object.entries(files)
    .filter(([file]) => POLICY_TEST_FILE.test(file))
    .map(([file, text]) => runFile(file, text, engine));
  return {
    cases: reports.reduce((sum, { cases }) => sum + cases, 0),
    problems: reports.flatMap(({ problems }) => problems),
  };
}

function runFile(file: string, text: string, engine: PolicyJudge): PolicyTestReport {
  const placed = (line: number, message: string) => `policies/${file}:${line}: ${message}`;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true });
  if (document.errors.length > 0)
    return {
      cases: 0,
      problems: document.errors.map(({ message, pos }) =>
        placed(lines.linePos(pos[0]).line, message.split('\n')[0] ?? message),
      ),
    };
  const parsed = PolicyTestFile.safeParse(contentOf(document));
  if (!parsed.success) return { cases: 0, problems: [placed(1, issuesOf(parsed.error))] };
  const listed = isMap(document.contents) ? document.contents.get('cases', true) : undefined;
  const lineOf = (index: number): number => {
    const item = isSeq(listed) ? (listed.items[index] as { range?: [number, ...number[]] }) : undefined;
    return item?.range === undefined ? 1 : lines.linePos(item.range[0]).line;
  };
  return {
    cases: parsed.data.cases.length,
    problems: parsed.data.cases.flatMap((each, index) => {
      const message = failureOf(each, engine);
      return message === undefined ? [] : [placed(lineOf(index), message)];
    }),
  };
}

/** Aliases are followed so far only, so that a small file is no large one (`yaml`, maxAliasCount). */
function contentOf(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS();
  } catch {
    return undefined;
  }
}

function failureOf(value: unknown, engine: PolicyJudge): string | undefined {
  const parsed = PolicyCase.safeParse(value);
  if (!parsed.success) return `${nameOf(value)}: ${issuesOf(parsed.error)}`;
  const wanted = parsed.data;
  const decided = decideRecorded(engine, wanted.request);
  const differences = [
    differs('decision', wanted.decision, decided.decision),
    differs('policies', [...wanted.policies].sort(), [...decided.policies].sort()),
    wanted.obligations === undefined
      ? undefined
      : differs('obligations', wanted.obligations, decided.obligations),
  ].filter((difference) => difference !== undefined);
  return differences.length === 0 ? undefined : `${wanted.name}: ${differences.join('; ')}`;
}

function differs(what: string, wanted: unknown, got: unknown): string | undefined {
  return isDeepStrictEqual(wanted, got)
    ? undefined
    : `${what} should be ${JSON.stringify(wanted)} and is ${JSON.stringify(got)}`;
}

function nameOf(value: unknown): string {
  const name = z.object({ name: z.string() }).safeParse(value).data?.name;
  return name ?? 'a case without a name';
}

function issuesOf({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}
