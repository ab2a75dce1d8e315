import { existsSync, readdirSync } from 'node:fs';
import validateAsl from 'asl-validator';
import { expect, test } from 'vitest';
import { handlerFile } from '../../cdk/bundle.ts';
import { definitionOf } from '../../cdk/constructs/workflow.ts';
import { functionNames } from '../../cdk/functions.ts';
import { failures } from '../../lambdas/platform/failures.ts';
import { type WorkflowName, workflows } from '../../workflows/manifest.ts';
import { type Resource, resources, statements, templates } from './templates.ts';

const { controlPlane } = templates();
const names = Object.keys(workflows) as WorkflowName[];

/** What is changed of a definition here. */
interface Definition {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, Record<string, unknown>>>;
}

type State = Readonly<Record<string, unknown>> & { readonly name: string };

/** Every state of a workflow, also those inside of a Map or a Parallel. */
function statesOf(node: unknown): State[] {
  if (node === null || typeof node !== 'object') return [];
  const own = 'States' in node ? Object.entries(node.States as Record<string, object>) : [];
  return [
    ...own.map(([name, state]) => ({ ...state, name })),
    ...Object.values(node).flatMap((member) => statesOf(member)),
  ];
}

/** The properties of a workflow's resource. */
function stateMachine(name: WorkflowName): Resource['Properties'] {
  return resources(controlPlane, 'AWS::StepFunctions::StateMachine').find(
    ([, { Properties }]) => Properties.StateMachineName === `sallyport-${name}`,
  )?.[1].Properties;
}

function placeholdersIn(text: string): string[] {
  return [...text.matchAll(/\$\{(\w+)\}/g)].map(([, placeholder]) => placeholder ?? '');
}

/** A workflow as CloudFormation gives it to Step Functions: with the ARNs that its placeholders are bound to. */
function boundDefinition(name: WorkflowName): Definition {
  const { DefinitionString, DefinitionSubstitutions } = stateMachine(name);
  const bound = DefinitionString.replaceAll(/\$\{(\w+)\}/g, (_: string, placeholder: string) => {
    const [functionName] = DefinitionSubstitutions[placeholder]['Fn::GetAtt'];
    return `arn:aws:lambda:eu-central-1:123456789012:function:${functionName}`;
  });
  return JSON.parse(bound);
}

/** What the validator finds wrong, nothing if it finds nothing. */
function faultsOf(definition: Definition): string {
  return validateAsl(definition).errorsText();
}

test('each workflow is in the manifest', () => {
  const files = readdirSync('workflows').filter((file) => file.endsWith('.asl.json'));
  expect(files.sort()).toEqual(names.map((name) => `${name}.asl.json`).sort());
});

test.for(names)('%s is written in Amazon States Language', (name) => {
  expect(faultsOf(boundDefinition(name))).toBe('');
});

test.for(names)(
  '%s would be found wrong if a state led nowhere, had no function or no expression',
  (name) => {
    const faultsWith = (change: Readonly<Record<string, unknown>>): string => {
      const definition = boundDefinition(name);
      Object.assign(definition.States[definition.StartAt] ?? {}, change);
      return faultsOf(definition);
    };
    expect(faultsWith({ Next: 'Nowhere' })).toContain('target: Nowhere');
    expect(faultsWith({ Resource: 'VerifyRequester' })).toContain('/Resource is invalid');
    expect(faultsWith({ Arguments: { requestId: '{% $( %}' } })).toContain('/Arguments/requestId is invalid');
  },
);

test.for(names)('each placeholder of %s is bound, and each binding is used', (name) => {
  const machine = stateMachine(name);
  expect(machine.DefinitionString).toBe(definitionOf(name));
  expect([...new Set(placeholdersIn(machine.DefinitionString))].sort()).toEqual(
    Object.keys(machine.DefinitionSubstitutions).sort(),
  );
});

test.for(names)('each Task state of %s is in the manifest and invokes the function of its name', (name) => {
  const tasks = statesOf(JSON.parse(definitionOf(name))).filter((state) => state['Type'] === 'Task');
  expect(tasks.map((state) => state.name).sort()).toEqual(Object.keys(workflows[name]).sort());
  for (const task of tasks)
    expect(placeholdersIn(JSON.stringify(task)), task.name).toEqual([`${task.name}FunctionArn`]);
});

test.for(names)('each Task state of %s says why, has a timeout, and its files bear its name', (name) => {
  for (const task of statesOf(JSON.parse(definitionOf(name))).filter((state) => state['Type'] === 'Task')) {
    expect(task['Comment'], task.name).toEqual(expect.any(String));
    expect(task['TimeoutSeconds'], task.name).toBeDefined();
  }
  for (const [state, capability] of Object.entries(workflows[name])) {
    expect(functionNames).toContain(state);
    const handler = handlerFile(capability, state);
    expect(existsSync(handler), handler).toBe(true);
    const step = handler.replace('.handler.ts', '.step.ts');
    expect(existsSync(step), step).toBe(true);
  }
});

test.for(names)('each error that %s catches or retries is in the catalogue', (name) => {
  const caught = statesOf(JSON.parse(definitionOf(name)))
    .flatMap((state) => [state['Retry'], state['Catch']].flat())
    .flatMap((rule) => (rule as { ErrorEquals?: string[] } | undefined)?.ErrorEquals ?? []);
  const ours = caught.filter((error) => !/^(States|Lambda|Sandbox)\./.test(error));
  expect(ours.filter((error) => !(error in failures))).toEqual([]);
});

test('a workflow invokes its own functions and logs errors without payloads', () => {
  for (const [logicalId, { Properties }] of resources(controlPlane, 'AWS::StepFunctions::StateMachine')) {
    expect(Properties, logicalId).toMatchObject({
      StateMachineType: 'STANDARD',
      LoggingConfiguration: { Level: 'ERROR', IncludeExecutionData: false },
      TracingConfiguration: { Enabled: true },
    });
    const invoked = statements(controlPlane)
      .filter(({ sid }) => sid === 'InvokeFunctions')
      .map(({ resources: functions }) => functions);
    expect(invoked).toContainEqual(Object.values(Properties.DefinitionSubstitutions));
  }
});

test('an alarm stands on what must not pass unseen', () => {
  const metrics = resources(controlPlane, 'AWS::CloudWatch::Alarm').map(
    ([, { Properties }]) => `${Properties.Namespace} ${Properties.MetricName}`,
  );
  expect(metrics).toEqual(
    expect.arrayContaining([
      'AWS/States ExecutionsFailed',
      'AWS/States ExecutionsTimedOut',
      'Sallyport UnrevokedCredential',
      'AWS/ApiGateway 5xx',
    ]),
  );
});
