import { z } from 'zod';
import type { Json } from '../aws/service.ts';
import { invocationOf } from '../iam/policy.ts';
import { arn, type DeclaredResource, ignored, physicalName, resourceType } from './resource-type.ts';

const SECONDS_OF = { minute: 60, hour: 3600, day: 86_400 } as const;

/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based */
const Rate = z.string().transform((expression, refinement) => {
  const [, count = '', unit, plural] =
    /^rate\(([1-9]\d{0,5}) (minute|hour|day)(s?)\)$/.exec(expression) ?? [];
  if (unit !== undefined && (count === '1') === (plural === ''))
    return Number(count) * SECONDS_OF[unit as keyof typeof SECONDS_OF];
  refinement.addIssue({
    code: 'custom',
    message: `the local runtime knows rates alone, such as rate(5 minutes), not ${expression}`,
  });
  return z.NEVER;
});

function parsedJson(text: string, refinement: z.RefinementCtx): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    refinement.addIssue({ code: 'custom', message: 'is not JSON' });
    return z.NEVER;
  }
}

const Properties = z.strictObject({
  Name: z.string().optional(),
  GroupName: z.string().default('default'),
  ScheduleExpression: Rate,
  FlexibleTimeWindow: z.strictObject({ Mode: z.literal('OFF') }),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  Target: z.strictObject({
    Arn: z.string().regex(/^arn:[^:]*:lambda:/, 'the local runtime has schedules call functions only'),
    RoleArn: z.string(),
    Input: z.string().transform(parsedJson),
    // A call does not get lost on the way here.
    RetryPolicy: ignored,
  }),
  Description: ignored,
});
type ScheduleDeclaration = DeclaredResource<z.output<typeof Properties>>;

const groupArn = (declared: DeclaredResource<unknown>, group: string): string =>
  arn('scheduler', declared, `schedule-group/${group}`);
const nameOf = (declared: ScheduleDeclaration): string => declared.properties.Name ?? physicalName(declared);

export const schedule = resourceType({
  properties: Properties,
  identify: (declared: ScheduleDeclaration) => ({
    ref: nameOf(declared),
    attributes: {
      Arn: arn('scheduler', declared, `schedule/${declared.properties.GroupName}/${nameOf(declared)}`),
    },
  }),
  deploy: (declared: ScheduleDeclaration, { functions, authorization, schedules }) => {
    const { GroupName, ScheduleExpression: seconds, State, Target } = declared.properties;
    // In the name of the group: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    const role = authorization.assumeRole('scheduler.amazonaws.com', {
      roleArn: Target.RoleArn,
      forArn: groupArn(declared, GroupName),
    });
    if (State === 'DISABLED') return;
    schedules.add({
      name: nameOf(declared),
      everyMilliseconds: seconds * 1000,
      call: async () => {
        authorization.demand(role, invocationOf(functions.arnOf(Target.Arn)));
        await functions.invoke(Target.Arn, Target.Input);
      },
    });
  },
});

const GroupProperties = z.strictObject({ Name: z.string().optional(), Tags: ignored });
type Group = DeclaredResource<z.output<typeof GroupProperties>>;

const groupName = (declared: Group): string => declared.properties.Name ?? physicalName(declared);

export const scheduleGroup = resourceType({
  properties: GroupProperties,
  identify: (declared: Group) => ({
    ref: groupName(declared),
    attributes: { Arn: groupArn(declared, groupName(declared)) },
  }),
});
