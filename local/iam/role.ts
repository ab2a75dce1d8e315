import type { Pattern } from './patterns.ts';
import type { Access, Policy, Statement } from './policy.ts';

/** One thing that a role may do, as its policies word it. */
export interface Permission {
  readonly action: string;
  readonly resource: string;
  /** The partition keys that it is limited to. */
  readonly leadingKeys?: string;
}

/** What a role permits and what of it was used, as `npm run iam:report` reads it. */
export interface RoleUsage {
  readonly constructPath: string;
  readonly unexercised: Unexercised;
  readonly granted: readonly Permission[];
  readonly used: readonly Permission[];
}

/** Why actions are granted that are not seen in use on one machine, by action. */
export type Unexercised = Readonly<Record<string, string>>;

export interface RoleDeclaration {
  readonly arn: string;
  /** Where its construct is in the CDK app. */
  readonly constructPath: string;
  /** Who may assume it. */
  readonly trust: Policy;
}

/** A role of the template: what it permits, and what of that has been used. */
export class Role {
  readonly arn: string;
  readonly constructPath: string;
  readonly trust: Policy;
  readonly #statements: Statement[] = [];
  readonly #unexercised: Record<string, string> = {};
  readonly #used = new Set<string>();

  constructor({ arn, constructPath, trust }: RoleDeclaration) {
    this.arn = arn;
    this.constructPath = constructPath;
    this.trust = trust;
  }

  attach(policy: Policy, unexercised: Unexercised): void {
    this.#statements.push(...policy);
    Object.assign(this.#unexercised, unexercised);
  }

  get statements(): readonly Statement[] {
    return this.#statements;
  }

  usage(): RoleUsage {
    const granted = this.#statements
      .filter(({ effect }) => effect === 'Allow')
      .flatMap((statement) => permissions(statement));
    return {
      constructPath: this.constructPath,
      unexercised: this.#unexercised,
      granted,
      used: granted.filter((permission) => this.#used.has(address(permission))),
    };
  }

  /** `statements` of this role have permitted `access`. */
  record(statements: readonly Statement[], access: Access): void {
    for (const statement of statements)
      for (const permission of permissions(statement, access)) this.#used.add(address(permission));
  }
}

/** What a statement permits, one by one; with `access`, only that which makes it possible. */
function permissions({ actions, resources = [], leadingKeys }: Statement, access?: Access): Permission[] {
  const concerned = (patterns: readonly Pattern[], values: readonly string[] | undefined) =>
    values === undefined ? patterns : patterns.filter(({ matches }) => values.some(matches));
  const keys = concerned(leadingKeys, access?.context['dynamodb:LeadingKeys']);
  return concerned(actions, access && [access.action]).flatMap(({ text: action }) =>
    concerned(resources, access && [access.resource]).flatMap(({ text: resource }): Permission[] =>
      leadingKeys.length === 0
        ? [{ action, resource }]
        : keys.map(({ text }) => ({ action, resource, leadingKeys: text })),
    ),
  );
}

/** Two permissions with the same address are the same. */
export function address({ action, resource, leadingKeys = '' }: Permission): string {
  return `${action} ${resource} ${leadingKeys}`;
}
