import { AwsError } from '../aws/service.ts';
import { type DefinitionOptions, loadDefinition, type StateMachine } from './definition.ts';
import { checkArn, checkName, type Place, stateMachineArn } from './names.ts';
import { type Page, pageOf } from './paging.ts';

export interface StateMachineRecord {
  readonly arn: string;
  readonly name: string;
  readonly definition: string;
  readonly roleArn: string;
  readonly createdAt: number;
  /** Set by an update. */
  readonly revisionId?: string;
}

export interface NewStateMachine {
  readonly name: string;
  readonly definition: string;
  readonly roleArn: string;
}

export interface StateMachineUpdate {
  readonly stateMachineArn: string;
  readonly definition?: string | undefined;
  readonly roleArn?: string | undefined;
}

/** The state machines, with their definitions loaded once a text. */
export interface StateMachines {
  create(input: NewStateMachine): StateMachineRecord;
  update(input: StateMachineUpdate): { updatedAt: number; revisionId: string };
  /** Throws `StateMachineDoesNotExist`. */
  describe(arn: string): StateMachineRecord;
  list(page: Page): { items: StateMachineRecord[]; nextToken?: string };
  /** The loaded form of a definition's text. Throws `InvalidDefinition`. */
  load(definition: string): StateMachine;
}

export function createStateMachines(
  options: DefinitionOptions & Place & { now(): number; uuid(): string },
): StateMachines {
  const records = new Map<string, StateMachineRecord>();
  const loaded = new Map<string, StateMachine>();

  function load(definition: string): StateMachine {
    const machine = loaded.get(definition) ?? loadDefinition(definition, options);
    loaded.set(definition, machine);
    return machine;
  }

  function describe(arn: string): StateMachineRecord {
    checkArn(arn, 'stateMachine');
    const record = records.get(arn);
    if (record === undefined)
      throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    return record;
  }

  return {
    load,
    describe,
    create({ name, definition, roleArn }) {
      checkName(name);
      load(definition);
      const arn = stateMachineArn(options, name);
      const existing = records.get(arn);
      if (existing !== undefined) {
        // Doing it again is doing it once: https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
        if (existing.definition === definition && existing.roleArn === roleArn) return existing;
        throw new AwsError('StateMachineAlreadyExists', `State Machine Already Exists: '${arn}'`);
      }
      const record = { arn, name, definition, roleArn, createdAt: options.now() };
      records.set(arn, record);
      return record;
    },
    update({ stateMachineArn: arn, definition, roleArn }) {
      const record = describe(arn);
      if (definition === undefined && roleArn === undefined)
        throw new AwsError(
          'MissingRequiredParameter',
          'Either the definition, the role ARN, the LoggingConfiguration, the EncryptionConfiguration or the TracingConfiguration must be specified',
        );
      if (definition !== undefined) load(definition);
      const revisionId = options.uuid();
      records.set(arn, {
        ...record,
        revisionId,
        definition: definition ?? record.definition,
        roleArn: roleArn ?? record.roleArn,
      });
      return { updatedAt: options.now(), revisionId };
    },
    list: (page) => pageOf([...records.values()], page),
  };
}
