/** Who takes part in the demo. A persona's id is its principal's id, so that what is printed reads by itself. */
export const personaIds = [
  'engineer',
  'owner',
  'second-owner',
  'responder',
  'triage-bot',
  'deploy-bot',
  'ticketing-api',
  'customer',
  'support-agent',
  'payments-api',
  'desk-clerk',
  'voice-gateway',
  'accounts-api',
  'platform-engineer',
  'policy-author',
  'policy-reviewer',
  'shop-cluster',
  'orders-gateway',
  'tools-gateway',
  'directory-sync',
  'leaver',
] as const;

export type PersonaId = (typeof personaIds)[number];
export type PersonaKind = 'user' | 'agent' | 'workload' | 'service_account';

export interface Persona {
  readonly id: PersonaId;
  readonly kind: PersonaKind;
  readonly name: string;
  readonly status: 'active';
  readonly groups: readonly string[];
  /** People only. */
  readonly email?: string;
  /** The accountable person of a non-human identity. */
  readonly owner?: PersonaId;
  /** Where a non-human identity lives. */
  readonly environment?: string;
}

export const personas: Readonly<Record<PersonaId, Persona>> = {
  engineer: {
    id: 'engineer',
    kind: 'user',
    name: 'Erin Okafor',
    email: 'erin@example.com',
    status: 'active',
    groups: ['engineering'],
  },
  owner: {
    id: 'owner',
    kind: 'user',
    name: 'Olga Lindqvist',
    email: 'olga@example.com',
    status: 'active',
    groups: ['ops-owners'],
  },
  'second-owner': {
    id: 'second-owner',
    kind: 'user',
    name: 'Samir Haddad',
    email: 'samir@example.com',
    status: 'active',
    groups: ['ops-owners'],
  },
  responder: {
    id: 'responder',
    kind: 'user',
    name: 'Rosa Ibarra',
    email: 'rosa@example.com',
    status: 'active',
    groups: ['security-responders'],
  },
  'triage-bot': {
    id: 'triage-bot',
    kind: 'agent',
    name: 'Triage bot',
    owner: 'engineer',
    environment: 'production',
    status: 'active',
    groups: ['triage-agents'],
  },
  'deploy-bot': {
    id: 'deploy-bot',
    kind: 'workload',
    name: 'Deployment job of acme/shop',
    owner: 'engineer',
    environment: 'production',
    status: 'active',
    groups: ['deployments'],
  },
  'ticketing-api': {
    id: 'ticketing-api',
    kind: 'service_account',
    name: 'Ticketing API',
    owner: 'owner',
    environment: 'production',
    status: 'active',
    groups: ['policy-enforcement-points'],
  },
  customer: {
    id: 'customer',
    kind: 'user',
    name: 'Carla Mendes',
    email: 'carla@example.com',
    status: 'active',
    groups: ['customers'],
  },
  'support-agent': {
    id: 'support-agent',
    kind: 'user',
    name: 'Sofia Adeyemi',
    email: 'sofia@example.com',
    status: 'active',
    groups: ['support'],
  },
  'payments-api': {
    id: 'payments-api',
    kind: 'service_account',
    name: 'Payments API',
    owner: 'owner',
    environment: 'production',
    status: 'active',
    groups: ['policy-enforcement-points'],
  },
  'desk-clerk': {
    id: 'desk-clerk',
    kind: 'user',
    name: 'Dieter Brandt',
    email: 'dieter@example.com',
    status: 'active',
    groups: ['desk-staff'],
  },
  'voice-gateway': {
    id: 'voice-gateway',
    kind: 'service_account',
    name: 'Voice gateway of the contact centre',
    owner: 'owner',
    environment: 'production',
    status: 'active',
    groups: ['channel-gateways'],
  },
  'accounts-api': {
    id: 'accounts-api',
    kind: 'service_account',
    name: 'Accounts API',
    owner: 'owner',
    environment: 'production',
    status: 'active',
    groups: ['policy-enforcement-points'],
  },
  'platform-engineer': {
    id: 'platform-engineer',
    kind: 'user',
    name: 'Petra Novak',
    email: 'petra@example.com',
    status: 'active',
    groups: ['platform-engineers'],
  },
  'policy-author': {
    id: 'policy-author',
    kind: 'user',
    name: 'Amara Nwosu',
    email: 'amara@example.com',
    status: 'active',
    groups: ['policy-administrators'],
  },
  'policy-reviewer': {
    id: 'policy-reviewer',
    kind: 'user',
    name: 'Lukas Weber',
    email: 'lukas@example.com',
    status: 'active',
    groups: ['policy-administrators'],
  },
  'shop-cluster': {
    id: 'shop-cluster',
    kind: 'service_account',
    name: 'API server of the shop’s cluster',
    owner: 'owner',
    environment: 'production',
    status: 'active',
    groups: ['policy-enforcement-points'],
  },
  'orders-gateway': {
    id: 'orders-gateway',
    kind: 'service_account',
    name: 'Proxy before the orders API',
    owner: 'owner',
    environment: 'production',
    status: 'active',
    groups: ['policy-enforcement-points'],
  },
  'tools-gateway': {
    id: 'tools-gateway',
    kind: 'service_account',
    name: 'MCP gateway before the ticketing system’s tools',
    owner: 'owner',
    environment: 'production',
    status: 'active',
    groups: ['policy-enforcement-points'],
  },
  'directory-sync': {
    id: 'directory-sync',
    kind: 'service_account',
    name: 'Provisioning service of the identity provider',
    owner: 'platform-engineer',
    environment: 'production',
    status: 'active',
    groups: ['directory-provisioners'],
  },
  leaver: {
    id: 'leaver',
    kind: 'user',
    name: 'Lena Vogt',
    email: 'lena@example.com',
    status: 'active',
    groups: ['engineering'],
  },
};

export function isPersonaId(text: string): text is PersonaId {
  return (personaIds as readonly string[]).includes(text);
}

/** What the token of a CI job says about it, named as GitHub Actions names it in its OIDC tokens. */
export interface JobClaims {
  readonly repository: string;
  readonly repository_owner: string;
  readonly ref: string;
  readonly sha: string;
  readonly environment: string;
  readonly job_workflow_ref: string;
  readonly runner_environment: 'github-hosted' | 'self-hosted';
  readonly run_id: string;
  readonly actor: string;
  readonly event_name: string;
}

/** The job that the deploy bot is. */
export const deployJob: JobClaims = {
  repository: 'acme/shop',
  repository_owner: 'acme',
  ref: 'refs/heads/main',
  sha: '4f1c9a7be0d35286c1fa90de7b64a2583c0f917d',
  environment: 'production',
  job_workflow_ref: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
  runner_environment: 'github-hosted',
  run_id: '9120457731',
  actor: 'erin-okafor',
  event_name: 'push',
};
