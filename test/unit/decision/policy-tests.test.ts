import { describe, expect, test } from 'vitest';
import { deployedPolicies, policiesDirectory, readPolicySources } from '../../../cdk/read-policies.ts';
import { cedarPolicyEngine } from '../../../lambdas/decision/policy-engine.cedar.ts';
import { runPolicyTests } from '../../../lambdas/decision/policy-tests.ts';

const sources = readPolicySources(policiesDirectory);
const engine = cedarPolicyEngine(deployedPolicies());
const run = (text: string, file = 'some.test.yaml') => runPolicyTests({ [file]: text }, engine);

test('the policies pass all of their tests', () => {
  const { cases, problems } = runPolicyTests(sources, engine);
  expect(problems).toEqual([]);
  expect(cases).toBeGreaterThan(0);
});

test('each file of policies has its tests beside it', () => {
  const files = Object.keys(sources);
  for (const file of files.filter((name) => name.endsWith('.cedar')))
    expect(files).toContain(file.replace(/\.cedar$/, '.test.yaml'));
});

const CASE = `cases:
  # Whoever reads this.
  - name: engineers read tickets
    request:
      subject: { type: user, id: erin, groups: [engineering] }
      action: { name: tickets:read }
      resource: { type: target, id: ticketing-ops, system: ticketing }
      context: { assurance: { aal: 1 } }
    decision: permitted
    policies: [engineers-read-tickets]
`;

test('a case that holds is counted', () => {
  expect(run(CASE)).toEqual({ cases: 1, problems: [] });
});

describe('a case is a problem at its own line', () => {
  test.for<[string, string, string, string]>([
    [
      'decided otherwise',
      'decision: permitted',
      'decision: denied',
      'decision should be "denied" and is "permitted"',
    ],
    [
      'decided by other policies',
      '[engineers-read-tickets]',
      '[engineers-read-all]',
      'policies should be ["engineers-read-all"] and is ["engineers-read-tickets"]',
    ],
    [
      'obliged to something else',
      'policies: [engineers-read-tickets]',
      'policies: [engineers-read-tickets]\n    obligations: { step_up: nist-aal1 }',
      'obligations should be {"step_up":"nist-aal1"} and is {}',
    ],
    [
      'with a member that there is not',
      'aal: 1',
      'all: 1',
      'request.context.assurance: Unrecognized key: "all"',
    ],
    ['with a level that there is not', 'aal: 1', 'aal: 7', 'request.context.assurance.aal: Invalid input'],
    [
      'about a thing of no target',
      'type: target,',
      'type: todo,',
      'request.resource: a target stands for itself; anything else names the target that it belongs to',
    ],
  ])('%s', ([, from, to, message]) => {
    expect(CASE).toContain(from);
    expect(run(CASE.replace(from, to)).problems).toEqual([
      `policies/some.test.yaml:3: engineers read tickets: ${message}`,
    ]);
  });
});

describe('a file is a problem', () => {
  test.for<[string, string, RegExp]>([
    ['that is no YAML', 'cases:\n  - name: "open', /^policies\/some\.test\.yaml:\d: Missing closing/],
    ['without a case', 'cases: []', /^policies\/some\.test\.yaml:1: cases: /],
    ['of something else', 'things: []', /^policies\/some\.test\.yaml:1: cases: /],
    ['that is empty', '', /^policies\/some\.test\.yaml:1: /],
    [
      'that grows when it is read',
      `a: &a [x, x, x, x, x, x, x, x, x]\n${[...'bcdefgh'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[index]}`)}]`).join('\n')}\ncases: *h\n`,
      /^policies\/some\.test\.yaml:1: /,
    ],
  ])('%s', ([, text, problem]) => {
    const { cases, problems } = run(text);
    expect({ cases, problems }).toEqual({ cases: 0, problems: [expect.stringMatching(problem)] });
  });
});
