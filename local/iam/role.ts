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
  /** Where its construct is in the CDK app; of a role that a call has made, there is none. */
  readonly constructPath?: string | undefined;
  /** Who may assume it. */
  readonly trust: Policy;
  /** How long a session may last; an hour where it is left out, as on AWS. */
  readonly maxSessionSeconds?: number | undefined;
}

/** A role: what it permits, and what of that has been used. */
export class Role {
  readonly arn: string;
  readonly constructPath: string | undefined;
  readonly trust: Policy;
  readonly maxSessionSeconds: number;
  readonly #statements: Statement[] = [];
  readonly #inline = new Map<string, Policy>();
  readonly #unexercised: Record<string, string> = {};
  readonly #used = new Set<string>();

  constructor({ arn, constructPath, trust, maxSessionSeconds = 3600 }: RoleDeclaration) {
    this.arn = arn;
    this.constructPath = constructPath;
    this.trust = trust;
    this.maxSessionSeconds = maxSessionSeconds;
  }

  attach(policy: Policy, unexercised: Unexercised): void {
    this.#statements.push(...policy);
    Object.assign(this.#unexercised, unexercised);
  }

  /** Puts a policy that a call has written, in place of one of the same name. */
  putInline(name: string, policy: Policy): void {
    this.#inline.set(name, policy);
  }

  deleteInline(name: string): void {
    this.#inline.delete(name);
  }

  get statements(): readonly Statement[] {
    return this.#inline.size === 0
      ? this.#statements
      : [...this.#statements, ...[...this.#inline.values()].flat()];
  }

  usage(): RoleUsage {
    const granted = this.#statements
      .filter(({ effect }) => effect === 'Allow')
      .flatMap((statement) => permissions(statement));
    return {
      constructPath: this.constructPath ?? this.arn,
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
