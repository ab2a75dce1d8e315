import { z } from 'zod';
import { arn, type DeclaredResource, ignored, physicalName, resourceType } from './resource-type.ts';

const Properties = z.strictObject({
  StateMachineName: z.string().optional(),
  StateMachineType: z.literal('STANDARD').optional(),
  DefinitionString: z.string(),
  DefinitionSubstitutions: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  RoleArn: z.string(),
  // Its history is served, so nothing is logged or traced besides.
  LoggingConfiguration: ignored,
  TracingConfiguration: ignored,
  EncryptionConfiguration: ignored,
  Tags: ignored,
});
type StateMachine = DeclaredResource<z.output<typeof Properties>>;

const nameOf = (declared: StateMachine): string =>
  declared.properties.StateMachineName ?? physicalName(declared);
const arnOf = (declared: StateMachine): string => arn('states', declared, `stateMachine:${nameOf(declared)}`);

export const stateMachine = resourceType({
  properties: Properties,
  identify: (declared: StateMachine) => ({
    ref: arnOf(declared),
    attributes: { Arn: arnOf(declared), Name: nameOf(declared) },
  }),
  deploy: (declared: StateMachine, { stateMachines, authorization }) => {
    const { DefinitionString, DefinitionSubstitutions, RoleArn } = declared.properties;
    authorization.assumeRole('states.amazonaws.com', { roleArn: RoleArn, forArn: arnOf(declared) });
    stateMachines.create({
      name: nameOf(declared),
      roleArn: RoleArn,
      // A placeholder that is no substitution's is left alone, as CloudFormation leaves it.
      definition: DefinitionString.replaceAll(/\$\{(\w+)\}/g, (placeholder, name: string) =>
        String(DefinitionSubstitutions[name] ?? placeholder),
      ),
    });
  },
});
