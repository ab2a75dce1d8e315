import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Approval } from '../../lambdas/approval/approval.ts';
import type { PermissionDecision } from '../../lambdas/decision/access-decision.ts';
import { jwsDenialBindings } from '../../lambdas/decision/denial-bindings.jose.ts';
import type { Policies } from '../../lambdas/decision/policies.port.ts';
import type {
  PolicyAnswer,
  PolicyEngine,
  PolicyQuestion,
} from '../../lambdas/decision/policy-engine.port.ts';
import type { Minters, Revokers } from '../../lambdas/minting/connector.port.ts';
import type { CredentialVault } from '../../lambdas/minting/credential-vault.port.ts';
import { activate, type GrantIn } from '../../lambdas/minting/grant.ts';
import type { Clock } from '../../lambdas/platform/clock.port.ts';
import type { Deployment, TargetOf } from '../../lambdas/platform/deployment.ts';
import type { Ids } from '../../lambdas/platform/ids.port.ts';
import type { WaitingWorkflow } from '../../lambdas/platform/task-tokens.port.ts';
import { type AccessRequest, type AccessRequestIn, caseIds } from '../../lambdas/requests/access-request.ts';
import { pendingGrant } from '../../lambdas/requests/pending-grant.ts';
import { assuranceOf } from '../../lambdas/verification/assurance.ts';
import type { Caller } from '../../lambdas/verification/caller.ts';
import { type Principal, principalType } from '../../lambdas/verification/principal.ts';
import { type Session, sessionType } from '../../lambdas/verification/session.ts';
import { type InMemoryLedger, inMemoryLedger } from './in-memory-ledger.ts';

/** 2026-01-05T09:00:00Z, in epoch seconds. */
export const NOW = Date.UTC(2026, 0, 5, 9) / 1000;
export const HOUR = 3600;

/** A clock that stands where a test sets it. */
export interface SetClock extends Clock {
  atEpochSeconds: number;
}

export function clockAt(atEpochSeconds = NOW): SetClock {
  return {
    atEpochSeconds,
    nowEpochMilliseconds() {
      return this.atEpochSeconds * 1000;
    },
  };
}

/** Ids in their order: `id-1`, `id-2`, … */
export function countedIds(): Ids {
  let given = 0;
  return {
    next: () => {
      given += 1;
      return `id-${given}`;
    },
  };
}

/** A port of which a test says what it needs; anything else fails the test that calls it. */
export function inert<Port extends object>(role: string, given: Partial<Port> = {}): Port {
  return new Proxy(given as Port, {
    get(target, name, receiver) {
      if (name in target) return Reflect.get(target, name, receiver);
      throw new Error(`Nobody expects ${role}.${String(name)} to be used here`);
    },
  });
}

type PrincipalOf<Kind extends Principal['kind']> = Extract<Principal, { kind: Kind }>;

export function person(id: string, ...groups: string[]): PrincipalOf<'user'> {
  return { kind: 'user', id, name: id, status: 'active', groups };
}

export function machine(
  kind: 'agent' | 'workload' | 'service_account',
  id: string,
  owner: string,
  ...groups: string[]
): Exclude<Principal, { kind: 'user' }> {
  return { kind, id, name: id, status: 'active', groups, owner, environment: 'production' };
}

export const dana = person('dana', 'engineering');
export const olga = person('olga', 'ops-owners', 'engineering');
export const omar = person('omar', 'ops-owners');
export const orla = person('orla', 'ops-owners');
export const triageBot = machine('agent', 'triage-bot', 'dana', 'triage-agents');
export const deployBot = machine('workload', 'deploy-bot', 'omar', 'deployments');

export const everybody: readonly Principal[] = [dana, olga, omar, orla, triageBot, deployBot];

export const ticketing: TargetOf<'oauth-jwt'> = {
  id: 'ticketing-ops',
  name: 'Ticketing, project OPS',
  system: 'ticketing',
  environment: 'production',
  connector: 'oauth-jwt',
  audience: 'urn:example:ticketing',
  resourceServer: 'ticketing-api',
  introspects: true,
  permissions: ['tickets:read', 'tickets:comment', 'tickets:delete'],
  maximumDuration: 'PT8H',
};

export const deployment: Deployment = {
  trustedIssuers: [],
  signalReceivers: [],
  targets: [ticketing],
  connections: [],
  webauthn: {
    rpId: 'example.com',
    rpName: 'Example',
    origins: ['https://login.example.com'],
    hardwareModels: [],
  },
  roles: {
    responders: ['responders'],
    secretAdministrators: ['secret-administrators'],
    policyAdministrators: ['policy-administrators'],
    auditors: ['auditors'],
    enforcementPoints: ['enforcement-points'],
    directoryProvisioners: ['directory-provisioners'],
    channelGateways: ['channel-gateways'],
    deskStaff: ['desk-staff'],
    supportStaff: ['support'],
    riskSources: { voice: ['channel-gateways'] },
  },
  enforcement: { kubernetes: [], http: [], mcp: [] },
  approvalTimeout: 'PT24H',
  stepUpTimeout: 'PT15M',
};

/** An engine that answers each question by a rule of the test. */
export function scriptedEngine(rule: (question: PolicyQuestion) => PolicyAnswer): PolicyEngine {
  return inert<PolicyEngine>('engine', {
    answer: rule,
    declaredFor: () => ({ properties: [], circumstances: [] }),
  });
}

/** Policies of which this engine is always the one in force. */
export function policiesOf(engine: PolicyEngine, policySet = 'deployed'): Policies {
  return {
    current: async () => ({
      policySet,
      answer: (question) => engine.answer(question),
      actionsOn: (resourceType, by) => engine.actionsOn(resourceType, by),
      declaredFor: (resourceType, permission) => engine.declaredFor(resourceType, permission),
      nearestPermits: (question, most) => engine.nearestPermits(question, most),
      placeOf: (policyId) => engine.placeOf(policyId),
      release: () => engine.release(),
    }),
  };
}

export const refusal: PolicyAnswer = { permitted: false, determining: [] };

/** Reading is permitted, commenting wants one owner, deleting two. */
export const ticketingEngine = scriptedEngine(({ permission, context }) => {
  const quorum = { 'tickets:comment': 1, 'tickets:delete': 2 }[permission];
  if (quorum === undefined) return { permitted: true, determining: [{ id: 'readers' }] };
  if (!context.approved) return refusal;
  const approval = { approvers: 'ops-owners', quorum, approverAal: 2 as const };
  return {
    permitted: true,
    determining: [{ id: `owners-${quorum}`, approval, maximumDurationSeconds: HOUR }],
  };
});

export function sessionOf(principal: Principal, actors: readonly Principal[] = []): Session {
  const person = principal.kind === 'user';
  return {
    id: `session-${principal.id}`,
    txn: 'txn-1',
    principal: { kind: principal.kind, id: principal.id },
    presences: [
      {
        channel: person ? 'web' : 'machine',
        actors: actors.map(({ kind, id }) => ({ kind, id })),
        sinceEpochSeconds: NOW - 60,
      },
    ],
    risks: [],
    evidence: [
      {
        id: `evidence-${principal.id}`,
        of: principal.id,
        phishingResistant: false,
        channel: person ? 'web' : 'machine',
        method: person ? 'oidc' : 'workload-token',
        issuer: 'https://issuer.example',
        amr: person ? ['pwd', 'otp'] : [],
        observedAtEpochSeconds: NOW - 60,
        expiresAtEpochSeconds: NOW + 30 * 24 * HOUR,
      },
    ],
    status: 'active',
    createdAtEpochSeconds: NOW - 60,
    expiresAtEpochSeconds: NOW + 24 * HOUR,
  };
}

export function callerOf(principal: Principal, actors: readonly Principal[] = []): Caller {
  const session = sessionOf(principal, actors);
  const channel = principal.kind === 'user' ? 'web' : 'machine';
  const assurance = assuranceOf(session, channel, NOW);
  return {
    principal,
    actors: [...actors],
    session: session.id,
    txn: session.txn,
    channel,
    assurance: { ...assurance, amr: [...assurance.amr], evidence: [...assurance.evidence] },
    provenByActors: {},
  };
}

export const REQUEST_ID = 'req-1';
export const GRANT_ID = caseIds.grantOf(REQUEST_ID);
export const APPROVAL_ID = caseIds.approvalOf(REQUEST_ID);

/** A ledger that knows everybody, with a live session of each. */
export function ledgerOfEverybody(): InMemoryLedger {
  const ledger = inMemoryLedger();
  for (const principal of everybody) {
    ledger.seed(principalType, principal);
    ledger.seed(sessionType, sessionOf(principal));
  }
  return ledger;
}

export function submitted(permissions: readonly string[] = ['tickets:read']): AccessRequestIn<'submitted'> {
  return {
    id: REQUEST_ID,
    status: 'submitted',
    txn: 'txn-1',
    principal: { kind: 'user', id: 'dana' },
    actors: [],
    channel: 'web',
    session: 'session-dana',
    ancestors: [],
    target: ticketing.id,
    permissions: [...permissions],
    durationSeconds: 2 * HOUR,
    justification: 'The queue is on fire',
    createdAtEpochSeconds: NOW,
  };
}

/** A request in a status, decided as `ticketingEngine` decides it. */
export function requestIn(
  status: 'verified' | 'awaiting_step_up' | 'awaiting_approval' | 'permitted' | 'approved',
  permissions: readonly string[] = ['tickets:read'],
): AccessRequest {
  const request = submitted(permissions);
  if (status === 'verified') return { ...request, status };
  const decision = {
    permissions: permissions.map((permission): PermissionDecision => {
      const quorum = { 'tickets:comment': 1, 'tickets:delete': 2 }[permission];
      return quorum === undefined
        ? { permission, outcome: 'permitted', policies: ['readers'] }
        : {
            permission,
            outcome: 'obliged',
            policies: [`owners-${quorum}`],
            obligations: { approvals: [{ approvers: 'ops-owners', quorum, approverAal: 2 }] },
            maximumDurationSeconds: HOUR,
          };
    }),
    evidence: ['evidence-dana'],
    durationSeconds: HOUR,
    decidedAtEpochSeconds: NOW,
  };
  if (status === 'awaiting_step_up')
    return { ...request, status, decision, stepUp: { aal: 3, expiresAtEpochSeconds: NOW + 900 } };
  if (status === 'approved') return { ...request, status, decision, approvedAtEpochSeconds: NOW };
  return { ...request, status, decision };
}

export function pending(permissions: readonly string[] = ['tickets:read']): GrantIn<'pending'> {
  return pendingGrant(submitted(permissions), { permissions, durationSeconds: HOUR }, NOW);
}

export function active(permissions: readonly string[] = ['tickets:read']): GrantIn<'active'> {
  return activate(pending(permissions), NOW);
}

export function pendingApproval(over: Partial<Approval> = {}): Approval {
  return {
    id: APPROVAL_ID,
    requestId: REQUEST_ID,
    txn: 'txn-1',
    status: 'pending',
    principal: { kind: 'user', id: 'dana' },
    actors: [],
    target: ticketing.id,
    justification: 'The queue is on fire',
    excluded: ['dana'],
    requirements: [{ approvers: 'ops-owners', quorum: 1, approverAal: 2, permissions: ['tickets:comment'] }],
    proposal: { permissions: ['tickets:comment'], durationSeconds: HOUR },
    votes: [],
    createdAtEpochSeconds: NOW,
    expiresAtEpochSeconds: NOW + 24 * HOUR,
    encryptedTaskToken: 'sealed(token-1 for approval-1)',
    ...over,
  };
}

/** Where the API is that tests of steps ask. */
export const ISSUER = 'https://sallyport.example';

/** Bindings as they are, under a key of the tests. */
export const denialBindings = jwsDenialBindings(
  { send: async () => ({ SecretString: 'a secret of the tests' }) } as unknown as SecretsManagerClient,
  'derivation',
);

/** Seals so that a test can read it: `sealed(token for id)`. */
export const plainSealer = {
  seal: async (taskToken: string, boundTo: string) => `sealed(${taskToken} for ${boundTo})`,
};

/** A revoker whose target says `answer`. */
export function revokersThatFind(answer: 'live' | 'dead' | 'unknown'): Revokers {
  return revokersWith({
    revoke: async () => {},
    probe: async () => ({ answer, how: 'a test asked' }),
    boundSeconds: () => 0,
    keeps: false,
  });
}

/** Revokers of which a test has the one for OAuth tokens; no other is asked for anything. */
export function revokersWith(revoker: Revokers['oauth-jwt']): Revokers {
  return inert<Revokers>('Revokers', { 'oauth-jwt': revoker });
}

/** Minters of which a test has the one for OAuth tokens; no other is asked for anything. */
export function mintersWith(minter: Minters['oauth-jwt']): Minters {
  return inert<Minters>('Minters', { 'oauth-jwt': minter });
}

/** What ends a grant, beside a ledger, for a grant that has no descendants and whose credential rests nowhere. */
export const endingInVain = {
  vault: inert<CredentialVault>('CredentialVault'),
  workflow: inert<WaitingWorkflow>('WaitingWorkflow'),
};
