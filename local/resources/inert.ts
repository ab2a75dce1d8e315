import { z } from 'zod';
import { arn, type Identity, physicalName, type ResourceType, resourceType } from './resource-type.ts';

const AnyProperties = z.record(z.string(), z.unknown());

/** A type that needs nothing on one machine, with what a template may ask of it. */
const inert = (identify?: ResourceType<typeof AnyProperties>['identify']): ResourceType =>
  resourceType({
    properties: AnyProperties,
    identify: identify ?? ((declared): Identity => ({ ref: physicalName(declared) })),
  });

const named = (property: string, declared: Parameters<ResourceType['identify']>[0]): string =>
  String((declared.properties as Record<string, unknown>)[property] ?? physicalName(declared));

/** What is watched or logged in AWS, and is not here. */
export const inertTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::CDK::Metadata': inert(),
  'AWS::CloudWatch::Alarm': inert((declared) => ({
    ref: named('AlarmName', declared),
    attributes: { Arn: arn('cloudwatch', declared, `alarm:${named('AlarmName', declared)}`) },
  })),
  'AWS::CloudWatch::Dashboard': inert(),
  'AWS::Logs::LogGroup': inert((declared) => ({
    ref: named('LogGroupName', declared),
    attributes: { Arn: arn('logs', declared, `log-group:${named('LogGroupName', declared)}:*`) },
  })),
  'AWS::Logs::ResourcePolicy': inert(),
};
