import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule, type CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';

/** `rate(5 minutes)` (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based). */
export type Rate = 'rate(1 minute)' | 'rate(1 hour)' | `rate(${number} minutes)` | `rate(${number} hours)`;

export interface ScheduleProps {
  readonly group: CfnScheduleGroup;
  readonly rate: Rate;
  readonly calls: IFunction;
}

/**
 * Calls a function again and again, in a role that may do nothing else. A call that is lost is not made up for: the
 * next one finds what it would have found.
 */
export class Schedule extends Construct {
  constructor(scope: Construct, id: string, { group, rate, calls }: ScheduleProps) {
    super(scope, id);
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        // It names a group, never one schedule:
        // https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
        conditions: {
          StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
          ArnEquals: { 'aws:SourceArn': group.attrArn },
        },
      }),
      inlinePolicies: {
        Schedule: new PolicyDocument({
          statements: [
            new PolicyStatement({
              sid: 'CallFunction',
              actions: ['lambda:InvokeFunction'],
              resources: [calls.functionArn],
            }),
          ],
        }),
      },
    });
    new CfnSchedule(this, 'Schedule', {
      groupName: group.ref,
      scheduleExpression: rate,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: calls.functionArn,
        roleArn: role.roleArn,
        input: '{}',
        // Lambda takes the call at once; trying for longer than a minute would only meet the next one.
        retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 60 },
      },
    });
  }
}
