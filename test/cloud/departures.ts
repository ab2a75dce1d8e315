/** A CloudFormation template, as far as it is changed here. */
export interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: Properties }>>;
  readonly Outputs?: Readonly<
    Record<string, { Value: { readonly Ref?: string; readonly 'Fn::GetAtt'?: string[] } }>
  >;
}

interface Properties {
  readonly Policies?: readonly { readonly PolicyDocument: { readonly Statement: Statement[] } }[];
  DefinitionString?: string;
  IdentitySource?: readonly string[];
}

interface Statement {
  readonly Action: string | readonly string[];
  Resource: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

/**
 * What of a synthesised template MiniStack does not take as AWS does, each by the name that it has in
 * docs/ministack.md.
 */
const departures: Readonly<Record<string, (template: Template) => void>> = {
  'identity-source': (template) => {
    for (const { Properties } of resourcesOf(template, 'AWS::ApiGatewayV2::Authorizer'))
      if (Properties) Properties.IdentitySource ??= [];
  },
  'secret-reference': (template) => {
    for (const output of Object.values(template.Outputs ?? {})) {
      const name = output.Value.Ref;
      if (name !== undefined && template.Resources[name]?.Type === 'AWS::SecretsManager::Secret')
        output.Value = { 'Fn::GetAtt': [name, 'Id'] };
    }
  },
  'condition-keys': (template) => {
    const unknown = ['dynamodb:LeadingKeys', 'kms:SigningAlgorithm', 'kms:MacAlgorithm'];
    for (const statement of statementsOf(template)) {
      const known = Object.entries(statement.Condition ?? {}).filter(
        ([, test]) => !Object.keys(test).some((key) => unknown.includes(key)),
      );
      if (known.length > 0) statement.Condition = Object.fromEntries(known);
      else delete statement.Condition;
    }
  },
  'task-answers': (template) => {
    for (const statement of statementsOf(template))
      if (statement.Action === 'states:SendTaskSuccess') statement.Resource = '*';
  },
  'new-secrets': (template) => {
    for (const statement of statementsOf(template))
      if (statement.Action.includes('secretsmanager:CreateSecret'))
        statement.Resource = JSON.parse(JSON.stringify(statement.Resource).replaceAll('-??????"', '*"'));
  },
  'task-timeouts': (template) => {
    for (const { Properties } of resourcesOf(template, 'AWS::StepFunctions::StateMachine')) {
      const definition = JSON.parse(Properties?.DefinitionString ?? '');
      for (const state of Object.values<{ TimeoutSeconds?: unknown }>(definition.States))
        if (typeof state.TimeoutSeconds === 'string') state.TimeoutSeconds = LONGER_THAN_THE_TESTS_SECONDS;
      if (Properties) Properties.DefinitionString = JSON.stringify(definition);
    }
  },
};

/** Changes the templates of a cloud assembly for MiniStack. Throws where a departure has nothing to change any more. */
export function allowForDepartures(templates: readonly Template[]): void {
  for (const [name, allowFor] of Object.entries(departures)) {
    const before = JSON.stringify(templates);
    for (const template of templates) allowFor(template);
    if (JSON.stringify(templates) === before) throw new Error(`Nothing needs ${name} any more: take it away`);
  }
}

const LONGER_THAN_THE_TESTS_SECONDS = 24 * 3600;

function resourcesOf({ Resources }: Template, type: string) {
  return Object.values(Resources).filter(({ Type }) => Type === type);
}

function statementsOf(template: Template): Statement[] {
  return resourcesOf(template, 'AWS::IAM::Role').flatMap(({ Properties }) =>
    (Properties?.Policies ?? []).flatMap(({ PolicyDocument }) => PolicyDocument.Statement),
  );
}
