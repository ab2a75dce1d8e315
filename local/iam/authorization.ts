import { AwsError } from '../aws/service.ts';
import type { RequestContext } from './conditions.ts';
import { type Access, appliesTo, Policy, type Statement } from './policy.ts';
import { type AssumedRole, type Principal, principalArn } from './principal.ts';
import { Role, type RoleDeclaration, type Unexercised } from './role.ts';

type Verdict = 'allowed' | 'explicitly denied' | 'not allowed';

/**
 * Judges every call of the emulated AWS by the policies of the template, within one account
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html).
 */
export class Authorization {
  readonly #accountId: string;
  readonly #region: string;
  readonly #roles = new Map<string, Role>();
  readonly #resourcePolicies = new Map<string, Statement[]>();
  /** Of a key that was made without one. */
  readonly #defaultKeyPolicy: Policy;

  constructor({ accountId, region }: { accountId: string; region: string }) {
    this.#accountId = accountId;
    this.#region = region;
    this.#defaultKeyPolicy = defaultKeyPolicy(accountId);
  }

  addRole(declaration: RoleDeclaration): void {
    this.#roles.set(declaration.arn, new Role(declaration));
  }

  /** Throws if there is no such role. */
  attachPolicy(roleArn: string, policy: Policy, unexercised: Unexercised): void {
    const role = this.#roles.get(roleArn);
    if (role === undefined)
      throw new Error(`A policy is for the role ${roleArn}, which is not in the template`);
    role.attach(policy, unexercised);
  }

  /** Adds to what the resource itself says of who may use it. */
  addResourcePolicy(resourceArn: string, policy: Policy): void {
    this.#resourcePolicies.set(resourceArn, [...(this.#resourcePolicies.get(resourceArn) ?? []), ...policy]);
  }

  roles(): Role[] {
    return [...this.#roles.values()];
  }

  /** The role in the hands of a service. Throws if the role does not trust it. */
  assumeRole(service: string, { roleArn, forArn }: { roleArn: string; forArn: string }): AssumedRole {
    const role = this.#roles.get(roleArn);
    if (role === undefined) throw new Error(`The role ${roleArn} of ${forArn} is not in the template`);
    const principal: Principal = { kind: 'service', name: service, sourceArn: forArn };
    const access = this.#complete(principal, { action: 'sts:AssumeRole', resource: roleArn, context: {} });
    if (this.#byResource(role.trust, principal, access) !== 'allowed')
      throw new Error(`The role ${roleArn} of ${forArn} cannot be assumed by ${service}`);
    return { kind: 'role', roleArn, sessionName: forArn.replace(/^.*:/, '') };
  }

  /** Throws AccessDeniedException, naming the action, the resource and the role, unless `principal` may. */
  demand(principal: Principal, wanted: Access): void {
    const access = this.#complete(principal, wanted);
    const verdict = this.#verdict(principal, access);
    if (verdict === 'allowed') return;
    const reason =
      verdict === 'explicitly denied'
        ? 'with an explicit deny in a policy'
        : `because no ${consentOfResourceIsNeeded(access) ? 'resource-based' : 'identity-based'} policy allows the ${access.action} action`;
    throw new AwsError(
      'AccessDeniedException',
      `User: ${principalArn(principal, this.#accountId)} is not authorized to perform: ${access.action} on resource: ${access.resource} ${reason}`,
    );
  }

  #verdict(principal: Principal, access: Access): Verdict {
    const byIdentity = this.#byIdentity(principal, access);
    const policy =
      this.#resourcePolicies.get(access.resource) ??
      (consentOfResourceIsNeeded(access) ? this.#defaultKeyPolicy : []);
    const byResource = this.#byResource(policy, principal, access);
    if (byIdentity === 'explicitly denied' || byResource === 'explicitly denied') return 'explicitly denied';
    if (byResource === 'allowed') return 'allowed';
    if (byIdentity !== 'allowed') return 'not allowed';
    return consentOfResourceIsNeeded(access) && byResource !== 'left to the account'
      ? 'not allowed'
      : 'allowed';
  }

  #byIdentity(principal: Principal, access: Access): Verdict {
    if (principal.kind === 'operator') return 'allowed';
    if (principal.kind === 'service') return 'not allowed';
    const role = this.#roles.get(principal.roleArn);
    if (role === undefined) return 'not allowed';
    const applying = role.statements.filter((statement) => appliesTo(statement, access));
    if (applying.some(({ effect }) => effect === 'Deny')) return 'explicitly denied';
    if (applying.length === 0) return 'not allowed';
    role.record(applying, access);
    return 'allowed';
  }

  #byResource(
    policy: readonly Statement[],
    principal: Principal,
    access: Access,
  ): Verdict | 'left to the account' {
    let verdict: 'allowed' | 'left to the account' | 'not allowed' = 'not allowed';
    for (const statement of policy.filter((one) => appliesTo(one, access))) {
      const mention = this.#mention(statement, principal);
      if (mention === 'nobody') continue;
      if (statement.effect === 'Deny') return 'explicitly denied';
      if (mention === 'principal') verdict = 'allowed';
      else if (verdict !== 'allowed') verdict = 'left to the account';
    }
    return verdict;
  }

  /** Naming an account leaves it to the account's own policies who of it is meant. */
  #mention({ principals = [] }: Statement, principal: Principal): 'principal' | 'account' | 'nobody' {
    const isMeant = principals.some((named) => {
      if (named.kind === 'anyone') return true;
      if (named.kind === 'service') return principal.kind === 'service' && principal.name === named.name;
      return principal.kind === 'role' && named.arn === principal.roleArn;
    });
    if (isMeant) return 'principal';
    const account = `arn:aws:iam::${this.#accountId}:root`;
    const isOfAccount = principal.kind !== 'service';
    return isOfAccount && principals.some((named) => named.kind === 'aws' && named.arn === account)
      ? 'account'
      : 'nobody';
  }

  /** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
  #complete(principal: Principal, { context, ...access }: Access): Access {
    const facts: RequestContext =
      principal.kind === 'service'
        ? { 'aws:SourceAccount': [this.#accountId], 'aws:SourceArn': [principal.sourceArn] }
        : {
            'aws:PrincipalAccount': [this.#accountId],
            'aws:PrincipalArn': [
              principal.kind === 'role' ? principal.roleArn : principalArn(principal, this.#accountId),
            ],
            'kms:CallerAccount': [this.#accountId],
          };
    return { ...access, context: { 'aws:RequestedRegion': [this.#region], ...facts, ...context } };
  }
}

/** A key is used by nobody of whom its own policy says nothing (https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html). */
function consentOfResourceIsNeeded({ action, resource }: Access): boolean {
  return action.startsWith('kms:') && resource !== '*';
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html */
function defaultKeyPolicy(accountId: string): Policy {
  return Policy.parse({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${accountId}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
  });
}
