import { isJsonObject, type Json, type JsonObject } from './json.ts';

export interface FunctionRequest {
  readonly functionArn: string;
  /** The role that the execution has assumed. */
  readonly roleArn: string;
  readonly payload: Json;
}

/**
 * What a function answered. For a function that threw, `error` is its error's type and `cause` the JSON text
 * `{"errorMessage":…,"errorType":…,"trace":[…]}` that Lambda makes of it; for one that cannot be invoked,
 * Lambda's own error, such as `Lambda.ResourceNotFoundException`.
 */
export type FunctionAnswer =
  | { readonly ok: true; readonly payload: Json }
  | { readonly ok: false; readonly error: string; readonly cause: string };

/** Runs a function. It may never answer: the state's timeout does not wait for it. */
export type InvokeFunction = (request: FunctionRequest) => Promise<FunctionAnswer>;

export type TaskAnswer =
  | { readonly ok: true; readonly output: Json }
  | { readonly ok: false; readonly error: string; readonly cause: string };

export interface IntegrationContext {
  readonly region: string;
  readonly accountId: string;
  readonly roleArn: string;
  readonly invokeFunction: InvokeFunction;
}

/** What a Task's `Resource` stands for. */
export interface Integration {
  /** How the history names it; absent for a function's own ARN, which has events of its own. */
  readonly task?: { readonly resourceType: string; readonly resource: string };
  /** The state ends by its task token instead of by the call's answer. */
  readonly waitsForTaskToken: boolean;
  /** The members that `Arguments` must and may have; absent where it may be anything. */
  readonly parameters?: { readonly required: readonly string[]; readonly optional: readonly string[] };
  call(parameters: Json, context: IntegrationContext): Promise<TaskAnswer>;
}

/** Integrations by their `Resource`. */
export type Integrations = Readonly<Record<string, Integration>>;

const INVOKE_PARAMETERS = {
  required: ['FunctionName'],
  optional: ['Payload', 'Qualifier', 'InvocationType', 'LogType', 'ClientContext'],
};

/** https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html */
export const LAMBDA_INTEGRATIONS: Integrations = {
  'arn:aws:states:::lambda:invoke': {
    task: { resourceType: 'lambda', resource: 'invoke' },
    waitsForTaskToken: false,
    parameters: INVOKE_PARAMETERS,
    call: invokeWithMetadata,
  },
  'arn:aws:states:::lambda:invoke.waitForTaskToken': {
    task: { resourceType: 'lambda', resource: 'invoke.waitForTaskToken' },
    waitsForTaskToken: true,
    parameters: INVOKE_PARAMETERS,
    call: invokeWithMetadata,
  },
};

const FUNCTION_ARN = /^arn:[^:]+:lambda:[^:]+:\d{12}:function:[^:]+(:[^:]+)?$/;

/** What the resource stands for, or undefined where it is unknown. */
export function integrationFor(resource: string, integrations: Integrations): Integration | undefined {
  return FUNCTION_ARN.test(resource) ? functionIntegration(resource) : integrations[resource];
}

function functionIntegration(functionArn: string): Integration {
  return {
    waitsForTaskToken: false,
    call: async (payload, { roleArn, invokeFunction }) => {
      const answer = await invokeFunction({ functionArn, roleArn, payload });
      return answer.ok ? { ok: true, output: answer.payload } : answer;
    },
  };
}

async function invokeWithMetadata(parameters: Json, context: IntegrationContext): Promise<TaskAnswer> {
  const given: JsonObject = isJsonObject(parameters) ? parameters : {};
  const name = given['FunctionName'];
  if (typeof name !== 'string' || name === '') {
    return { ok: false, error: 'States.Runtime', cause: "The parameter 'FunctionName' must be a string." };
  }
  const functionArn = functionArnOf(name, given['Qualifier'], context);
  const { roleArn } = context;
  const answer = await context.invokeFunction({ functionArn, roleArn, payload: given['Payload'] ?? {} });
  if (!answer.ok) return answer;
  return {
    ok: true,
    output: {
      ExecutedVersion: '$LATEST',
      Payload: answer.payload,
      SdkHttpMetadata: { AllHttpHeaders: {}, HttpHeaders: {}, HttpStatusCode: 200 },
      SdkResponseMetadata: {},
      StatusCode: 200,
    },
  };
}

function functionArnOf(name: string, qualifier: Json | undefined, context: IntegrationContext): string {
  const arn = name.startsWith('arn:')
    ? name
    : `arn:aws:lambda:${context.region}:${context.accountId}:function:${name}`;
  return typeof qualifier === 'string' ? `${arn}:${qualifier}` : arn;
}
