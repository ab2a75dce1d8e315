import { z } from 'zod';
import { arn, type DeclaredResource, ignored, physicalName, resourceType } from './resource-type.ts';

const Properties = z.strictObject({
  StateMachineName: z.string().optional(),
  StateMachineType: z.enum(['STANDARD', 'EXPRESS']).default('STANDARD'),
  DefinitionString: z.string(),
  DefinitionSubstitutions: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  // What it may do is not checked; its history is served, so nothing is logged or traced besides.
  RoleArn: ignored,
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
  deploy: (declared: StateMachine, { stateMachines }) => {
    const { DefinitionString, DefinitionSubstitutions, StateMachineType } = declared.properties;
    stateMachines.define({
      name: nameOf(declared),
      arn: arnOf(declared),
      type: StateMachineType,
      // A placeholder that is no substitution's is left alone, as CloudFormation leaves it.
      definition: DefinitionString.replaceAll(/\$\{(\w+)\}/g, (placeholder, name: string) =>
        String(DefinitionSubstitutions[name] ?? placeholder),
      ),
    });
  },
});
