import { expect, test } from 'vitest';
import { declarations, type FunctionName } from '../../cdk/functions.ts';
import { resources, templates } from './templates.ts';

const network = { subnets: ['subnet-0a', 'subnet-0b'], securityGroups: ['sg-0c'] };

test('what speaks to targets stands in the private network, and nothing else does', () => {
  const { controlPlane } = templates({}, { network });
  for (const [, { Properties, Metadata }] of resources(controlPlane, 'AWS::Lambda::Function')) {
    const name = Metadata['aws:cdk:path'].split('/')[1] as FunctionName;
    expect([name, Properties.VpcConfig]).toEqual([
      name,
      declarations[name].connectors === undefined && !declarations[name].managedSecrets?.includes('read')
        ? undefined
        : { SubnetIds: network.subnets, SecurityGroupIds: network.securityGroups },
    ]);
  }
});

test('its code may not make interfaces in its network: only Lambda may, in the name of its role', () => {
  const { controlPlane } = templates({}, { network });
  const roles = resources(controlPlane, 'AWS::IAM::Role').filter(([, { Properties }]) =>
    JSON.stringify(Properties).includes('ec2:'),
  );
  expect(roles.length).toBeGreaterThan(0);
  for (const [, { Properties }] of roles) {
    const { Statement } = Properties.Policies[0].PolicyDocument;
    const [allowed, denied] = Statement.filter(({ Action }: { Action: string[] }) =>
      JSON.stringify(Action).includes('ec2:'),
    );
    expect([allowed.Effect, denied.Effect, denied.Action]).toEqual(['Allow', 'Deny', allowed.Action]);
    expect(denied.Condition).toEqual({ Null: { 'lambda:SourceFunctionArn': 'false' } });
  }
});
