import { AwsError } from '../aws/service.ts';
import type { RequestContext } from './conditions.ts';
import { type Access, appliesTo, Policy, type Statement } from './policy.ts';
import { type AssumedRole, type Principal, principalArn } from './principal.ts';
import { Role, type RoleDeclaration, type Unexercised } from './role.ts';

type Verdict = 'allowed' | 'explicitly denied' | 'not allowed';
type PolicyKind = 'identity-based' | 'resource-based' | 'session';
/** Why something is refused: by which kind of policy. */
type Refusal = { readonly verdict: 'explicitly denied' | 'not allowed'; readonly kind: PolicyKind };

/**
 * Judges every call of the emulated AWS by the policies of the template, within one account
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html).
 */
export class Authorization {
  readonly #accountId: string;
  readonly #region: string;
  readonly #roles = new Map<string, Role>();
  readonly #arnsByName = new Map<string, string>();
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
    this.#arnsByName.set(declaration.arn.replace(/^.*\//, ''), declaration.arn);
  }

  deleteRole(arn: string): void {
    this.#roles.delete(arn);
    this.#arnsByName.delete(arn.replace(/^.*\//, ''));
  }

  role(arn: string): Role | undefined {
    return this.#roles.get(arn);
  }

  /** The ARN of the role with this name, which is one in an account whatever its path; throws if there is none. */
  arnOf(roleName: string): string {
    const arn = this.#arnsByName.get(roleName);
    if (arn === undefined) throw new Error(`The role ${roleName} is not in the template`);
    return arn;
  }

  /** The same where there may be none. */
  findArn(roleName: string): string | undefined {
    return this.#arnsByName.get(roleName);
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

  /** Those of the template. */
  roles(): Role[] {
    return [...this.#roles.values()].filter(({ constructPath }) => constructPath !== undefined);
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
    const refusal = this.#refusal(principal, access);
    if (refusal === undefined) return;
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    const reason =
      refusal.verdict === 'explicitly denied'
        ? `with an explicit deny in ${refusal.kind === 'identity-based' ? 'an' : 'a'} ${refusal.kind} policy`
        : `because no ${refusal.kind} policy allows the ${access.action} action`;
    throw new AwsError(
      'AccessDeniedException',
      `User: ${principalArn(principal, this.#accountId)} is not authorized to perform: ${access.action} on resource: ${access.resource} ${reason}`,
    );
  }

  #refusal(principal: Principal, access: Access): Refusal | undefined {
    const byIdentity = this.#byIdentity(principal, access);
    const bySession = this.#bySession(principal, access);
    const byResource = this.#byResource(this.#policyOf(access), principal, access);
    const verdicts = [
      ['identity-based', byIdentity],
      ['session', bySession],
      ['resource-based', byResource],
    ] as const;
    const denied = verdicts.find(([, verdict]) => verdict === 'explicitly denied');
    if (denied !== undefined) return { verdict: 'explicitly denied', kind: denied[0] };
    if (byResource !== 'allowed') {
      const needsConsent = consentOfResourceIsNeeded(access);
      const kind = needsConsent ? 'resource-based' : 'identity-based';
      if (byIdentity !== 'allowed' || (needsConsent && byResource !== 'left to the account'))
        return { verdict: 'not allowed', kind };
    }
    // What a resource gives to the role is for the role's sessions, each within its own policy.
    return bySession === 'allowed' ? undefined : { verdict: 'not allowed', kind: 'session' };
  }

  #policyOf({ action, resource, resourcePolicy }: Access): Policy {
    if (action.startsWith('sts:')) return this.#roles.get(resource)?.trust ?? [];
    const own = resourcePolicy ?? this.#resourcePolicies.get(resource);
    return own ?? (consentOfResourceIsNeeded({ action, resource }) ? this.#defaultKeyPolicy : []);
  }

  #bySession(principal: Principal, access: Access): Verdict {
    const policy = principal.kind === 'role' ? principal.session?.policy : undefined;
    if (policy === undefined) return 'allowed';
    const applying = policy.filter((statement) => appliesTo(statement, access));
    if (applying.some(({ effect }) => effect === 'Deny')) return 'explicitly denied';
    return applying.length === 0 ? 'not allowed' : 'allowed';
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
            ...(principal.kind === 'role' && sessionFacts(principal)),
            'kms:CallerAccount': [this.#accountId],
          };
    return { ...access, context: { 'aws:RequestedRegion': [this.#region], ...facts, ...context } };
  }
}

/**
 * A key is used by nobody of whom its own policy says nothing (https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html),
 * and a role is assumed by nobody whom it does not trust.
 */
function consentOfResourceIsNeeded({ action, resource }: Pick<Access, 'action' | 'resource'>): boolean {
  return (action.startsWith('kms:') || action.startsWith('sts:')) && resource !== '*';
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principal-properties */
function sessionFacts({ session }: AssumedRole): RequestContext {
  if (session === undefined) return {};
  const { tags, sourceIdentity, issuedAtEpochSeconds } = session;
  return {
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, [value]])),
    ...(sourceIdentity !== undefined && { 'aws:SourceIdentity': [sourceIdentity] }),
    'aws:TokenIssueTime': [new Date(issuedAtEpochSeconds * 1000).toISOString()],
  };
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
