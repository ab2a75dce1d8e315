import { AwsError } from '../aws/service.ts';

const LONGEST_NAME = 80;

/**
 * What a name must not hold
 * (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const FORBIDDEN = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f\ufffe\uffff\ud800-\udfff]/;

export function checkName(name: string): void {
  if (name === '' || name.length > LONGEST_NAME || FORBIDDEN.test(name))
    throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
}

export interface Place {
  readonly region: string;
  readonly accountId: string;
}

export function stateMachineArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:states:${region}:${accountId}:stateMachine:${name}`;
}

export function executionArn({ region, accountId }: Place, stateMachineName: string, name: string): string {
  return `arn:aws:states:${region}:${accountId}:execution:${stateMachineName}:${name}`;
}

/** The state machine that an execution is of. */
export function stateMachineArnOf(executionArn: string): string {
  return executionArn.replace(/:execution:([^:]+):.*$/, ':stateMachine:$1');
}

const ARN = /^arn:[^:]+:states:[^:]*:\d{12}:(stateMachine|execution):.+$/;

export function checkArn(arn: string, kind: 'stateMachine' | 'execution'): void {
  if (ARN.exec(arn)?.[1] !== kind)
    throw new AwsError('InvalidArn', `Invalid Arn: 'Invalid ARN prefix: ${arn}'`);
}
