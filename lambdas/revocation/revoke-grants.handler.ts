import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { startRotation } from '../rotation/start-rotation.step.ts';
import { endingDependencies } from './ending-dependencies.aws.ts';
import { RevokeGrantsEnvironment } from './environment.ts';
import { PageInput, PageOutput } from './read-page.ts';
import { revokeGrants } from './revoke-grants.step.ts';

const environment = parseEnvironment(RevokeGrantsEnvironment, process.env);

export const handler = stepHandler({
  name: 'revoke-grants',
  input: PageInput,
  output: PageOutput,
  step: revokeGrants(endingDependencies(environment, import.meta.dirname, startRotation)),
});
