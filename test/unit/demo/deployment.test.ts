import { describe, expect, it } from 'vitest';
import { ACCOUNTS_AUDIENCE } from '../../../demo/accounts-api.ts';
import document from '../../../demo/deployment.json' with { type: 'json' };
import { defaultAddresses, demoDeployment } from '../../../demo/deployment.ts';
import { demoDirectory } from '../../../demo/directory.ts';
import { PAYMENTS_AUDIENCE } from '../../../demo/payments-api.ts';
import { personas } from '../../../demo/personas.ts';
import { TICKETING_AUDIENCE } from '../../../demo/ticketing-api.ts';
import { DeploymentSchema } from '../../../lambdas/platform/deployment.ts';

const deployment = DeploymentSchema.parse(document);

describe('the demo deployment', () => {
  it('is the committed document at the default URL', () => {
    expect(demoDeployment(defaultAddresses)).toEqual(document);
  });

  it('is a deployment as the functions read it', () => {
    expect(deployment).toMatchObject(document);
  });

  it('names principals and groups that the directory has', () => {
    const principals = demoDirectory.principals.map(({ id }) => id as string);
    const groups = demoDirectory.groups.map(({ id }) => id);
    for (const { principals: rules = [] } of deployment.trustedIssuers.flatMap(({ tokens }) => tokens)) {
      for (const { principal } of rules) expect(principals).toContain(principal);
    }
    for (const target of deployment.targets)
      if (target.connector === 'oauth-jwt') expect(principals).toContain(target.resourceServer);
    const { riskSources, ...roles } = document.roles;
    for (const group of [...Object.values(roles), ...Object.values(riskSources)].flat())
      expect(groups).toContain(group);
  });

  it('trusts the issuers where they are served', () => {
    const { trustedIssuers } = demoDeployment({ identityProviderUrl: 'http://127.0.0.1:4711' });
    expect(trustedIssuers.map(({ issuer, jwksUri }) => [issuer, jwksUri])).toEqual([
      ['http://127.0.0.1:4711', 'http://127.0.0.1:4711/jwks'],
      ['http://127.0.0.1:4711/ci', 'http://127.0.0.1:4711/ci/jwks'],
    ]);
  });

  it('names the audience that each system asks for', () => {
    const audiences: Record<string, string> = {
      ticketing: TICKETING_AUDIENCE,
      payments: PAYMENTS_AUDIENCE,
      accounts: ACCOUNTS_AUDIENCE,
    };
    for (const { system, audience } of document.targets) expect(audience).toBe(audiences[system]);
  });
});

describe('the demo directory', () => {
  it('holds a live owner for each principal that is not a person', () => {
    const people = demoDirectory.principals.filter(({ kind }) => kind === 'user').map(({ id }) => id);
    for (const { kind, owner } of Object.values(personas)) {
      if (kind !== 'user') expect(people).toContain(owner);
    }
  });

  it('has each group that a principal is in, and members in each', () => {
    const groups = demoDirectory.groups.map(({ id }) => id);
    for (const principal of demoDirectory.principals)
      expect(groups).toEqual(expect.arrayContaining([...principal.groups]));
    expect(Object.fromEntries(demoDirectory.groups.map(({ id, members }) => [id, members]))).toEqual({
      engineering: ['engineer', 'leaver'],
      'ops-owners': ['owner', 'second-owner'],
      'triage-agents': ['triage-bot'],
      deployments: ['deploy-bot'],
      'security-responders': ['responder'],
      'policy-enforcement-points': [
        'ticketing-api',
        'payments-api',
        'accounts-api',
        'shop-cluster',
        'orders-gateway',
        'tools-gateway',
      ],
      customers: ['customer'],
      support: ['support-agent'],
      'desk-staff': ['desk-clerk'],
      'directory-provisioners': ['directory-sync'],
      'channel-gateways': ['voice-gateway'],
      'platform-engineers': ['platform-engineer'],
      'policy-administrators': ['policy-author', 'policy-reviewer'],
    });
  });
});
