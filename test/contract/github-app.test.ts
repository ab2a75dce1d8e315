import { startCodeHost } from '../../demo/code-host.ts';
import { githubAppMinter } from '../../lambdas/minting/connectors/github-app/minter.github-app.ts';
import { githubAppRevoker } from '../../lambdas/minting/connectors/github-app/revoker.github-app.ts';
import { codeHostTarget, secretsHolding, usableAtCodeHost, whileDown } from '../support/token-targets.ts';
import { connectorContract } from './connector-contract.ts';

connectorContract('github-app', async () => {
  const codeHost = await startCodeHost({ port: 0 });
  return {
    minter: githubAppMinter(secretsHolding({ private_key: codeHost.privateKey })),
    revoker: githubAppRevoker(),
    target: codeHostTarget(codeHost.url),
    permissions: [['contents:read', 'contents:write'], ['deployments:record']],
    usable: (material) => usableAtCodeHost(codeHost, material),
    whileDown: (act) => whileDown(codeHost, act),
    administratorSecrets: [codeHost.privateKey],
    leavesFirst: true,
    onlyHolderEnds: true,
    stop: () => codeHost.stop(),
  };
});
