import {
  type DetailedError,
  type PolicyJson,
  policySetTextToParts,
  policyToJson,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs';
import {
  type Compilation,
  type CompiledPolicy,
  PolicyAnnotations,
  type PolicySources,
} from './compiled-policies.ts';
import { factsOf, type SchemaFacts } from './schema-facts.cedar.ts';

/** One policy as it stands in its file. */
interface Source {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/**
 * Splits every `*.cedar` file into its policies, reads their annotations, and validates them
 * against the schema in Cedar's strict mode. What Cedar only warns of fails too: a policy that can never apply is
 * a mistake (https://docs.cedarpolicy.com/policies/validation.html).
 * @returns each problem as `policies/<file>:<line>: <message>`, where there are any
 */
export function compilePolicies(files: PolicySources): Compilation {
  const problems: string[] = [];
  const report = (file: string, line: number, message: string) => {
    problems.push(`policies/${file}:${line}: ${message}`);
  };
  const reportIn = (file: string, text: string, firstLine: number, error: DetailedError) => {
    const line = firstLine + lineOf(text, error.sourceLocations?.[0]?.start ?? 0) - 1;
    report(file, line, messageOf(error));
  };

  const schemas = inOrder(files, '.cedarschema');
  const schema = schemas.map(([, text]) => text).join('\n');
  const sources: Source[] = [];
  for (const [file, text] of inOrder(files, '.cedar')) {
    const parts = policySetTextToParts(text);
    if (parts.type === 'failure') {
      for (const error of parts.errors) reportIn(file, text, 1, error);
      continue;
    }
    sources.push(...locate(file, text, parts.policies));
    for (const { line } of locate(file, text, parts.policy_templates))
      report(file, line, 'a template: policies are written out');
  }

  const facts = factsOf(schema);
  if ('problem' in facts) report(...placeIn(schemas, facts.problem), messageOf(facts.problem));

  const policies = new Map<string, CompiledPolicy>();
  for (const source of sources) {
    const read = readPolicy(source, 'problem' in facts ? undefined : facts);
    for (const problem of read.problems) report(source.file, source.line, problem);
    if (read.policy === undefined) continue;
    const { id } = read.policy;
    const first = policies.get(id);
    if (first)
      report(source.file, source.line, `@id("${id}") is taken by policies/${first.file}:${first.line}`);
    else policies.set(id, read.policy);
  }

  const answer = validate({
    validationSettings: { mode: 'strict' },
    schema,
    policies: { staticPolicies: Object.fromEntries(sources.map(({ text }, index) => [`${index}`, text])) },
  });
  if (answer.type === 'success') {
    for (const { policyId, error } of [...answer.validationErrors, ...answer.validationWarnings]) {
      const source = sources[Number(policyId)];
      if (source) reportIn(source.file, source.text, source.line, error);
    }
  }

  if (problems.length > 0 || 'problem' in facts) return { problems };
  return { compiled: { resources: facts.resources, policies: [...policies.values()] } };
}

function inOrder(files: PolicySources, ending: string): [name: string, text: string][] {
  return Object.entries(files)
    .filter(([name]) => name.endsWith(ending))
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

/** The file and the line of a mistake in the schemas, which Cedar has read as one. */
function placeIn(
  schemas: readonly (readonly [name: string, text: string])[],
  error: DetailedError,
): [file: string, line: number] {
  let line = lineOf(schemas.map(([, text]) => text).join('\n'), error.sourceLocations?.[0]?.start ?? 0);
  for (const [name, text] of schemas) {
    if (line <= newlines(text) + 1) return [name, line];
    line -= newlines(text) + 1;
  }
  return ['*.cedarschema', 1];
}

/** A policy with its annotations, or what is wrong with them. */
function readPolicy(
  { file, line, text }: Source,
  facts: SchemaFacts | undefined,
): { policy?: CompiledPolicy; problems: string[] } {
  const answer = policyToJson(text);
  if (answer.type === 'failure') return { problems: answer.errors.map(messageOf) };
  const { id, ...others } = answer.json.annotations ?? {};
  const problems: string[] = [];
  if (!id) problems.push('needs an @id');
  const parsed = PolicyAnnotations.safeParse(others);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const names = issue.code === 'unrecognized_keys' ? issue.keys : issue.path.map(String);
      for (const name of names)
        problems.push(
          issue.code === 'unrecognized_keys'
            ? `@${name} is no annotation that is known`
            : `@${name}: ${issue.message}`,
        );
    }
    return { problems };
  }
  const annotations = parsed.data;
  for (const name of ['quorum', 'approver_assurance'] as const)
    if (annotations[name] !== undefined && annotations.approvers === undefined)
      problems.push(`@${name} needs @approvers`);
  const isPermit = answer.json.effect === 'permit';
  if (!isPermit && Object.keys(annotations).length > 0) problems.push('only a permit carries terms');
  if (isPermit && asksForApproval(answer.json) !== (annotations.approvers !== undefined))
    problems.push(
      'a permit that wants an approval both asks for context.approved and names its @approvers: with one of them alone it is never given, or not meant',
    );
  if (!id || facts === undefined || problems.length > 0) return { problems };
  const { effect } = answer.json;
  return {
    policy: { id, file, line, text, effect, annotations, scope: facts.scopeOf(answer.json) },
    problems,
  };
}

function asksForApproval({ conditions }: PolicyJson): boolean {
  const approved = JSON.stringify({ '.': { left: { Var: 'context' }, attr: 'approved' } });
  return JSON.stringify(conditions).includes(approved);
}

/**
 * Finds each policy's text in its file: Cedar returns the texts as they stand there, in no promised order. A policy ends
 * at its semicolon, so that the file is gone through once, however many are in it.
 */
function locate(file: string, text: string, policies: readonly string[]): Source[] {
  const linesOf = new Map<string, number[]>();
  const code = withoutComments(text);
  let line = 1;
  let from = 0;
  for (const { 0: token, index } of code.matchAll(/"(?:[^"\\]|\\.)*"|;/g)) {
    if (token !== ';') continue;
    const statement = code.slice(from, index + 1);
    const own = statement.trimStart();
    const first = line + newlines(statement.slice(0, statement.length - own.length));
    linesOf.set(own, [...(linesOf.get(own) ?? []), first]);
    line += newlines(statement);
    from = index + 1;
  }
  return policies
    .map((policy) => ({
      file,
      line: linesOf.get(withoutComments(policy).trim())?.shift() ?? 1,
      text: policy,
    }))
    .sort((one, other) => one.line - other.line);
}

/** Blanks comments without moving anything, so that a policy that is commented out is not taken for one. */
function withoutComments(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|\/\/.*/g, (match) =>
    match.startsWith('//') ? blank(match) : match,
  );
}

/** As long, with the same lines. */
function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ');
}

/** The line of an offset that Cedar gives, which counts bytes of UTF-8. */
function lineOf(text: string, byteOffset: number): number {
  return newlines(Buffer.from(text).subarray(0, byteOffset).toString()) + 1;
}

function newlines(text: string): number {
  return text.split('\n').length - 1;
}

function messageOf({ message, help, sourceLocations }: DetailedError): string {
  const label = sourceLocations?.[0]?.label;
  // Cedar names the policy by the key under which it was given, which says less than the line.
  return [message.replace(/^for policy `[^`]*`, /, ''), label, help].filter(Boolean).join('; ');
}
